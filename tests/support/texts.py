"""Texts, and the words of the lexicon, for the tests of what reads them."""

from importlib.resources import files

from hypothesis import strategies as st


def lexicon(name: str) -> list[str]:
    lines = files("changai.text.lexicon").joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] != "#"]


STOPWORDS = set(" ".join(lexicon("stopwords.txt")).split())
THESAURUS = {
    word: official
    for official, _, said in (line.partition(":") for line in lexicon("thesaurus.txt"))
    for word in [official, *said.split()]
}

# Everything, lone surrogates included, but mostly what the rules of this package are about.
any_text = st.text(
    st.one_of(
        st.sampled_from("。，、；：,;:…!?\n\r\t  %.-0129７Ａaé工会乾外地ぁ𠀀\0\ud800"),
        st.characters(exclude_categories=()),
    )
)

# Dates and figures, sound and damaged, among everything else.
dated_text = st.lists(
    st.one_of(
        st.sampled_from(["2020 年", "截至", "年底", "比", "3万人", "11.%", "2专", *",。《》("]),
        st.characters(exclude_categories=()),
    ),
    max_size=15,
).map("".join)  # fmt: skip
