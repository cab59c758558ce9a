"""Arguments in, exit code out; each verb's work is in a neighbouring module."""

import argparse
import logging
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import TypeAlias

from core import __version__
from core.domain.data_choice import Mix, PerClass, Share
from core.domain.errors import Cancelled, LensmithError
from core.domain.source import ClassEdit

DONE, FAILED, WRONG_USE = 0, 1, 2


def run(arguments: list[str]) -> int:
    parser = build_parser()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal or pipe of an old encoding must not end a command
            stream.reconfigure(errors="backslashreplace")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    command: Callable[[argparse.Namespace], int | None] = options.command
    from core.cli import console

    try:
        return command(options) or DONE
    except LensmithError as error:
        console.print_error(error)
        return WRONG_USE if isinstance(error, console.WrongUse) else FAILED
    except (Cancelled, KeyboardInterrupt):
        console.err.print("Cancelled; nothing was changed.")
        return FAILED
    except BrokenPipeError:
        return FAILED


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lensmith",
        description="From a folder of labelled pictures to a verified ONNX model. Without a command, the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"lensmith {__version__}")
    parser.set_defaults(command=_window, project=None)
    verbs = parser.add_subparsers(metavar="COMMAND")
    _add_data_verbs(verbs)
    _add_run_verbs(verbs)
    _add_experiment_verbs(verbs)
    _add_model_verbs(verbs)
    _add_system_verbs(verbs)
    return parser


Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _verb(
    verbs: Verbs, name: str, function: str, text: str, *, project: bool = True, json: bool = True
) -> argparse.ArgumentParser:
    """One verb whose work is ``module:function`` of this package, imported only when it runs."""
    parser = verbs.add_parser(name, help=text, description=text)
    if project:
        parser.add_argument("project", metavar="PROJECT", help="the project's folder")
    if json:
        parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    parser.set_defaults(command=_lazy(function))
    return parser


def _lazy(function: str) -> Callable[[argparse.Namespace], int | None]:
    def call(options: argparse.Namespace) -> int | None:
        from importlib import import_module

        module, name = function.split(":")
        verb: Callable[[argparse.Namespace], int | None] = getattr(import_module(f"core.cli.{module}"), name)
        return verb(options)

    return call


def _rename(text: str) -> ClassEdit:
    old, _, new = text.partition("=")
    if not old or not new.strip():
        raise argparse.ArgumentTypeError(f"“{text}” is not OLD=NEW")
    return ClassEdit(old, new.strip())


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not between 0 and 1")
    return value


def _mix(text: str) -> Mix:
    count, _, per = text.partition("/")
    if per == "class" and count.isdecimal() and int(count) > 0:
        return PerClass(int(count))
    return Share(1.0 if text == "all" else _share(text))


def _class_threshold(text: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    if not name:
        raise argparse.ArgumentTypeError(f"“{text}” is not CLASS=T")
    return name, _share(value)


def _add_data_verbs(verbs: Verbs) -> None:
    new = _verb(verbs, "new", "data_commands:new", "Make an empty project.")
    new.add_argument("--task", choices=["classification", "detection"], help="default: what the first import says")

    take = _verb(verbs, "import", "data_commands:import_", "Import labelled or unlabelled pictures, with a preview.")
    take.add_argument("source", metavar="FOLDER", help="folder, data.yaml, COCO JSON, CSV or archive (.zip, .tar.gz)")
    take.add_argument(
        "--format", default="auto", choices=["auto", "imagefolder", "yolo", "coco", "voc", "csv", "unlabelled"]
    )
    take.add_argument("--yes", action="store_true", help="do not ask after the preview")
    take.add_argument("--preview", action="store_true", help="show what would be imported and write nothing")
    take.add_argument(
        "--rename", action="append", default=[], type=_rename, metavar="OLD=NEW", help="equal new names merge classes"
    )
    take.add_argument("--skip", action="append", default=[], metavar="CLASS", help="leave a class out")
    take.add_argument(
        "--missing-labels",
        choices=["unlabelled", "background"],
        default="unlabelled",
        help="what a picture without a label means (default: unlabelled, it does not train)",
    )
    take.add_argument(
        "--empty-labels",
        choices=["background", "unlabelled"],
        default="background",
        help="what an empty label means (default: background, looked at and nothing is there)",
    )

    doubts = _verb(verbs, "doubts", "doubt_commands:doubts", "Rank the labels that a model contradicts, worst first.")
    doubts.add_argument("--run", metavar="R", help="judge by this run what it did not train on (default: train anew)")
    doubts.add_argument("--size", type=int, metavar="PX", dest="image_size", help="of pictures in training anew")
    doubts.add_argument("--epochs", type=int, metavar="N", help="of training anew, for detection")

    restore = _verb(verbs, "restore", "data_commands:restore", "Go back to a backup of a project that is damaged.")
    restore.add_argument("--backup", metavar="N", help="its number (default: the newest that is whole)")
    restore.add_argument("--list", action="store_true", help="list the backups and change nothing")

    check = _verb(verbs, "check", "data_commands:check", "Look for everything wrong with the data.")
    check.add_argument("--size", type=int, metavar="PX", help="training size that small objects are judged at")

    split = _verb(verbs, "split", "data_commands:split", "Divide images into train, val and test; the test part locks.")
    split.add_argument("--val", type=float, default=0.2, metavar="FRACTION")
    split.add_argument("--test", type=float, default=0.2, metavar="FRACTION")
    split.add_argument("--seed", type=int, default=0)
    split.add_argument("--group", metavar="REGEX", help="paths with an equal match (first group) stay together")
    split.add_argument("--group-by-folder", action="store_true", help="pictures of one folder stay together")

    merge = _verb(
        verbs, "merge", "data_commands:merge", "Bring in what another person labelled in a project of theirs."
    )
    merge.add_argument("other", metavar="OTHER", help="the other project's folder; it is only read")
    merge.add_argument(
        "--prefer", choices=["ours", "theirs"], help="whose labels count where both labelled a picture differently"
    )


def _add_run_verbs(verbs: Verbs) -> None:
    train = _verb(verbs, "train", "run_commands:train", "Train a model, export it as ONNX and verify the file.")
    train.add_argument("--model", required=True, metavar="NAME", help="from the catalogue, or any timm model")
    train.add_argument("--mode", required=True, choices=["scratch", "transfer", "finetune"])
    train.add_argument("--weights", metavar="REF", help="vault name, file, or run:ID (default: the catalogue's)")
    _add_settings(train)
    train.add_argument("--detach", action="store_true", help="return once the run has started")
    train.add_argument("--probe", action="store_true", help="do not train: say how long it would take, by 20 steps")
    which = train.add_argument_group("which images train", "By default all that are labelled.")
    which.add_argument("--new-only", action="store_true", help="those that the run it starts from did not have")
    which.add_argument(
        "--only-class", action="append", default=[], metavar="CLASS", help="those that show it; may be repeated"
    )
    which.add_argument(
        "--mix", type=_mix, metavar="HOW", help="and of that run's images: all, a share such as 0.3, or 5/class"
    )

    runs = _verb(verbs, "runs", "run_commands:runs", "List runs, or follow, stop, kill or resume one.")
    runs.add_argument("run", nargs="?", metavar="RUN")
    what = runs.add_mutually_exclusive_group()
    for name, text in (
        ("follow", "show it until it ends"),
        ("stop", "end it, keep and export the best weights"),
        ("kill", "end it at once; it can be resumed"),
        ("resume", "continue from its last checkpoint"),
    ):
        what.add_argument(f"--{name}", action="store_true", help=text)
    _add_organising(runs)

    _verb(verbs, "lineage", "lineage_commands:lineage", "Show what each run started from and what that changed.")

    report = _verb(verbs, "report", "run_commands:report", "Show how good a run's ONNX file is.")
    report.add_argument("--run", metavar="R", help="default: the newest finished run")


def _add_settings(verb: argparse.ArgumentParser) -> None:
    """What decides how a run trains, beside model, mode and start weights."""
    verb.add_argument("--effort", choices=["quick", "balanced", "thorough"], default="balanced")
    verb.add_argument("--epochs", type=int, metavar="N")
    verb.add_argument("--size", type=int, metavar="PX", dest="image_size")
    verb.add_argument("--batch", type=int, metavar="N", dest="batch_size")
    verb.add_argument("--seed", type=int, default=0, metavar="N")
    verb.add_argument("--device", default="auto", help="auto, cpu, cuda:0 …")
    more = verb.add_argument_group("advanced")
    more.add_argument("--learning-rate", type=float, metavar="RATE", help="of the head")
    more.add_argument("--backbone-lr-scale", type=float, metavar="F", help="fine-tune: backbone's rate over head's")
    more.add_argument("--unfreeze-after", type=int, metavar="N", help="transfer: epochs after which everything trains")
    more.add_argument("--patience", type=int, metavar="N", help="epochs without gain before stopping; 0: never")
    more.add_argument("--optimizer", choices=["adamw", "sgd", "radam"])
    more.add_argument("--schedule", choices=["cosine", "one_cycle", "step", "constant"])
    more.add_argument("--augmentation", choices=["off", "light", "medium", "strong"])
    more.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        help="training pictures may be mirrored (default: unless class names tell left from right)",
    )
    more.add_argument("--weight-decay", type=float)
    more.add_argument("--label-smoothing", type=float)
    more.add_argument("--class-weights", action="store_true", help="rare classes count more")
    more.add_argument("--gradient-clip", type=float, metavar="NORM")
    more.add_argument("--head", type=int, nargs="*", default=[], metavar="WIDTH", help="dense layers before the last")
    more.add_argument("--head-dropout", type=float, default=0.0)
    more.add_argument("--precision", choices=["auto", "fp32", "bf16", "fp16"], default="auto")


def _add_experiment_verbs(verbs: Verbs) -> None:
    compare = _verb(verbs, "compare", "compare_commands:compare", "Train in several ways and say which is better.")
    compare.add_argument("--modes", metavar="M,M", help="any of scratch, transfer, finetune")
    compare.add_argument("--models", metavar="A,B", help="from the catalogue, or any timm models")
    compare.add_argument("--weights", action="append", default=[], metavar="REF", help="may be given several times")
    compare.add_argument("--seeds", type=int, default=1, metavar="N", help="each so often, with N seeds (1 to 5)")
    compare.add_argument("--budget", type=float, metavar="MIN", help="minutes of all runs after which none starts")
    compare.add_argument("--title", default="", help="of the experiment")
    compare.add_argument("--runs", metavar="R,R", help="train nothing, compare these runs")
    compare.add_argument("--detach", action="store_true", help="return once the runs are queued")
    compare.add_argument("--html", metavar="FILE", help="write the comparison as a page that can be printed")
    compare.add_argument("--csv", metavar="FILE", help="write the table")
    _add_settings(compare)

    queue = _verb(verbs, "queue", "compare_commands:queue", "Show the runs that wait for their turn, or change that.")
    what = queue.add_mutually_exclusive_group()
    what.add_argument("--add", nargs="+", metavar="RUN", help="put runs at the end")
    what.add_argument("--pause", action="store_true", help="launch no further run")
    what.add_argument("--go", action="store_true", help="go on after a pause")
    what.add_argument("--move", nargs=2, metavar=("RUN", "N"), help="give a run turn N; 1 is the next")
    what.add_argument("--remove", nargs="+", metavar="RUN", help="take runs out; they are kept")

    clone = _verb(verbs, "clone", "compare_commands:clone", "Queue a run like another one, on the same data.")
    clone.add_argument("--run", required=True, metavar="R", help="the other one")
    clone.add_argument("--seed", type=int, nargs="+", metavar="N", help="one run for each (default: the same seed)")
    clone.add_argument("--epochs", type=int, metavar="N")
    clone.add_argument("--size", type=int, metavar="PX", dest="image_size")
    clone.add_argument("--batch", type=int, metavar="N", dest="batch_size")
    clone.add_argument("--learning-rate", type=float, metavar="RATE", help="of the head")
    clone.add_argument("--device", help="auto, cpu, cuda:0 …")
    clone.add_argument("--new-data", action="store_true", help="train on the data as they are now")


def _add_organising(runs: argparse.ArgumentParser) -> None:
    order = runs.add_argument_group("keeping order", "With RUN it is changed; without, the runs that fit are listed.")
    order.add_argument("--star", action=argparse.BooleanOptionalAction, help="mark it with a star")
    order.add_argument("--archive", action=argparse.BooleanOptionalAction, help="put it aside: it is listed no longer")
    order.add_argument("--tag", action="append", default=[], metavar="TAG", help="may be given several times")
    order.add_argument("--untag", action="append", default=[], metavar="TAG", help="take a tag away")
    order.add_argument("--note", metavar="TEXT", help="say something about it; empty: nothing any more")
    order.add_argument("--trash", action="store_true", help="move it to the trash; without RUN, list what is there")
    order.add_argument("--restore", action="store_true", help="bring it back from the trash")
    order.add_argument("--empty-trash", action="store_true", help="delete what is in the trash for good")
    order.add_argument("--yes", action="store_true", help="do not ask before the trash is emptied")
    order.add_argument("--csv", metavar="FILE", help="write all runs; with RUN, its curves, a row an epoch")
    order.add_argument("--batches", action="store_true", help="with --csv: a row a batch")


def _add_model_verbs(verbs: Verbs) -> None:
    export = _verb(verbs, "export", "model_commands:export", "Copy a verified ONNX file, or write the data set.")
    export.add_argument("--to", required=True, metavar="FILE_OR_DIR")
    export.add_argument("--run", metavar="R", help="default: the newest finished run")
    export.add_argument("--format", choices=["onnx", "imagefolder", "yolo", "coco", "voc", "csv"], default="onnx")

    predict = _verb(verbs, "predict", "model_commands:predict", "Use an ONNX file on pictures.", project=False)
    predict.add_argument("model", metavar="MODEL.onnx")
    predict.add_argument("paths", nargs="+", metavar="PATH", help="pictures or folders")
    predict.add_argument("--threshold", type=float, help="lowest score of a box (default: the model's own)")
    predict.add_argument("--draw", metavar="DIR", help="write pictures with the predictions drawn")

    propose = _verb(verbs, "propose", "model_commands:propose", "Let a model label pictures; nothing of it trains yet.")
    which = propose.add_mutually_exclusive_group()
    which.add_argument("--run", metavar="R", help="a run of this project (default: the newest finished one)")
    which.add_argument("--model", metavar="FILE.onnx", help="a file that some Lensmith exported")
    propose.add_argument("--threshold", type=_share, metavar="T", help="lowest score (default: the model's own)")
    propose.add_argument(
        "--class-threshold",
        action="append",
        default=[],
        type=_class_threshold,
        metavar="CLASS=T",
        help="another lowest score for one class of the model",
    )
    propose.add_argument("--all", action="store_true", help="also pictures that somebody has begun to label")
    propose.add_argument("--add-classes", action="store_true", help="add classes of the model that the project lacks")

    weights = _verb(verbs, "weights", "model_commands:weights_", "Start weights on this machine.", project=False)
    weights.add_argument("action", choices=["list", "import", "fetch"])
    weights.add_argument("what", nargs="?", metavar="FILE_OR_NAME")
    weights.add_argument("--name", help="under which an imported file is kept (default: its file name)")


def _add_system_verbs(verbs: Verbs) -> None:
    _verb(verbs, "doctor", "system_commands:doctor", "Say what this machine has and lacks.", project=False)
    support = _verb(
        verbs, "support", "system_commands:support", "Make a zip file that tells what went wrong.", project=False
    )
    support.add_argument("target", metavar="TARGET.zip")
    support.add_argument("--project", metavar="PROJECT", help="tell about it and its latest runs, without names")
    prices = _verb(
        verbs, "prices", "cost_commands:prices", "Show or set what energy and machines cost you.", project=False
    )
    prices.add_argument("--kwh", type=float, metavar="PRICE", help="of a kilowatt hour")
    prices.add_argument("--hour", type=float, metavar="PRICE", help="of an hour of the machine")
    prices.add_argument("--currency", metavar="CODE", help="such as EUR or USD (default: EUR)")
    demo = _verb(verbs, "demo", "system_commands:demo", "Do the whole job on pictures drawn here.", project=False)
    demo.add_argument("folder", nargs="?", default="lensmith-demo", metavar="DIR")
    demo.add_argument("--no-window", action="store_true", help="do not open the window at the end")
    shots = _verb(verbs, "screenshots", "system_commands:screenshots", "Take pictures of the window.", project=False)
    shots.add_argument("folder", metavar="DIR")
    shots.add_argument("--project", metavar="PROJECT", help="default: one that is drawn and trained for this")
    window = _verb(
        verbs, "window", "system_commands:window", "Open the window (the default).", project=False, json=False
    )
    window.add_argument("project", nargs="?", metavar="PROJECT")


def _window(options: argparse.Namespace) -> int | None:
    return _lazy("system_commands:window")(options)
