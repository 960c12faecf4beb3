"""The readers' clock, Beijing's, whatever the server's."""

from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "北京时间")


def today() -> date:
    """The day that it is in Beijing."""
    return datetime.now(BEIJING).date()


def there(moment: str) -> datetime:
    """A moment in ISO 8601, with its zone, as the clocks in Beijing show it. Raises ValueError."""
    return datetime.fromisoformat(moment).astimezone(BEIJING)
