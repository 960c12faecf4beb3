"""Dates and times in Beijing, where the readers are, whatever the server's time zone."""

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "北京时间")


def today() -> date:
    """Today's date in Beijing."""
    return datetime.now(BEIJING).date()


def there(moment: str) -> datetime:
    """A time in ISO 8601 with its zone, converted to Beijing time. Raises ValueError."""
    return datetime.fromisoformat(moment).astimezone(BEIJING)
