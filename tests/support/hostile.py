"""An article that holds markup."""

IMAGE = "<img src=x onerror=\"document.title='hit'\">"
SCRIPT = "<script>document.title='hit'</script>"
ARTICLE = (
    f"{SCRIPT}焊工劳保办法\n"
    f"每名焊工每年发放{IMAGE}安全帽20顶。\n"
    f"2020年培训{IMAGE}焊工2000名。\n"
    f"2020年修订《{IMAGE}安全帽管理办法》。\n"
    "食堂每日供应三餐。\n"
)
