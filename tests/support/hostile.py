"""An article that holds markup, and what describes it."""

IMAGE = "<img src=x onerror=\"document.title='hit'\">"
SCRIPT = "<script>document.title='hit'</script>"
BOLD = "<b onclick=alert(1)>"
DESCRIBED = f"""
publisher = "{BOLD}总工会"
url = "https://www.example.org/a.html"
hotline = {{number = "12333", name = "{BOLD}热线"}}
[[examples]]
question = "每名焊工每年发放几顶安全帽?"
topic = "{BOLD}帽子"
audience = "worker"
[[examples]]
question = "食堂几点开门?"
topic = "食堂"
audience = "worker"
"""
ARTICLE = (
    f"{SCRIPT}焊工劳保办法\n"
    f"每名焊工每年发放{IMAGE}安全帽20顶。\n"
    f"2020年培训{IMAGE}焊工2000名。\n"
    f"2020年修订《{IMAGE}安全帽管理办法》。\n"
    "食堂每日供应三餐。\n"
)
