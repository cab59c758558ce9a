"""``lensmith train``: how the images that train are chosen on the command line."""

import pytest

from core.cli.main import build_parser
from core.domain.data_choice import Mix, PerClass, Share

TRAIN = ("train", "P", "--model", "m", "--mode", "transfer")


@pytest.mark.parametrize(
    ("text", "mix"), [("all", Share(1.0)), ("0.3", Share(0.3)), ("0", Share(0.0)), ("5/class", PerClass(5))]
)
def test_that_a_mix_is_all_a_share_or_so_many_per_class(text: str, mix: Mix) -> None:
    assert build_parser().parse_args([*TRAIN, "--mix", text]).mix == mix


@pytest.mark.parametrize("text", ["some", "1.5", "-1", "0/class", "5/image", "x/class", ""])
def test_that_any_other_mix_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args([*TRAIN, f"--mix={text}"])
    assert ended.value.code == 2
    assert "--mix" in capsys.readouterr().err


def test_that_all_images_train_unless_something_is_said() -> None:
    options = build_parser().parse_args([*TRAIN])
    assert (options.new_only, options.only_class, options.mix) == (False, [], None)
    several = build_parser().parse_args([*TRAIN, "--only-class", "cat", "--only-class", "dog"])
    assert several.only_class == ["cat", "dog"]
