from dataclasses import replace

from training.faces.caption import caption_of
from training.faces.identity import Beard, Glasses, Haircut, draw_identity

WOMAN = replace(
    draw_identity(1), masculinity=0.1, age=45.0, melanin=0.1, freckles=0.0, hair_shade="brown",
    haircut=Haircut.LONG, curl=0.8, beard=Beard.NONE, glasses=Glasses.ROUND,
)  # fmt: skip


def test_when_a_woman_smiles_then_the_caption_says_so():
    said = caption_of(WOMAN, ["neutral", "smiling", "smiling"])
    assert said == (
        "a middle-aged woman of light skin with long brown curly hair and glasses, smiling"
    )


def test_when_a_man_has_no_hair_then_the_caption_says_what_he_has():
    man = replace(WOMAN, masculinity=0.9, age=70.0, haircut=Haircut.BALD, beard=Beard.FULL)
    said = caption_of(man, ["neutral"])
    assert said == "an old man of light skin with a bald head, a full beard and glasses, neutral"
