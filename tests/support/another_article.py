"""An article that holds markup, figures and formulas, to stand beside the real one."""

ATTACK = "<img src=x onerror=\"document.title='hit'\">"
ANOTHER = f"""另一篇<b>{ATTACK}

来源: 甲<i>单位 发布日期:2024-03-02

(一)2022年,新发展会员4.6万余人,其中{ATTACK}骑手1.2万人,占26.1%。
(二)=1+1覆盖职工20人。2021年印发《+关于{ATTACK}的办法》。
"""
