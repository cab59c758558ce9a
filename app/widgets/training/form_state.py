"""What the form of a run holds, what it comes to, and what it shows: all pure, no Qt."""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from core.actions.reporting import RunSummary
from core.domain.data_choice import DataChoice
from core.domain.run import (
    CatalogueWeights,
    FineTune,
    RunSpec,
    RunWeights,
    Transfer,
    VaultWeights,
    WeightsRef,
    mode_of,
    weights_of,
)
from core.domain.task import Effort, Task
from core.store.vault import VaultEntry
from core.training.catalog import Entry, catalogue, find
from core.training.facts import DataFacts
from core.training.plan import Choices, Obstacle, plan

# Small, sturdy, and the first whose weights somebody has; what a newcomer should try first.
FIRST_CHOICE = {Task.CLASSIFICATION: "tf_efficientnet_lite0", Task.DETECTION: "yolov8n"}
FEW_IMAGES = 200  # training images a class, below which adapting a whole network mostly learns them by heart


class Shelf(Struct, frozen=True, kw_only=True):
    """Start weights on this machine. ``published``: catalogue name -> its published weights are here."""

    published: Mapping[str, bool] = {}
    kept: tuple[VaultEntry, ...] = ()

    def has(self, entry: Entry) -> bool:
        """Whether something is here that ``entry`` can start from."""
        return self.published.get(entry.name, False) or any(file.architecture == entry.name for file in self.kept)


class StartWeights(Struct, frozen=True, kw_only=True):
    """One thing a run can start from; ``name`` is what ``core.actions.weights.resolve`` understands, "" its default."""

    name: str
    ref: WeightsRef
    run: RunSummary | None = None


class Field(Struct, frozen=True, kw_only=True):
    """One setting of Advanced.

    ``kind``: whole, number, widths, choice, yes_no, flag. ``task``, ``modes``: where it acts.
    """

    name: str  # of ``Choices``
    group: str
    kind: str
    options: tuple[str, ...] = ()
    task: Task | None = None
    modes: tuple[str, ...] = ()

    def acts(self, task: Task, mode: str) -> bool:
        return self.task in (None, task) and (not self.modes or mode in self.modes)


FIELDS = (
    Field(name="epochs", group="learning", kind="whole"),
    Field(name="learning_rate", group="learning", kind="number"),
    Field(name="schedule", group="learning", kind="choice", options=("cosine", "one_cycle", "step", "constant")),
    Field(name="optimizer", group="learning", kind="choice", options=("adamw", "sgd", "radam")),
    Field(name="weight_decay", group="learning", kind="number"),
    Field(name="gradient_clip", group="learning", kind="number"),
    Field(name="patience", group="learning", kind="whole"),
    Field(name="label_smoothing", group="learning", kind="number", task=Task.CLASSIFICATION),
    Field(name="class_weights", group="learning", kind="flag"),
    Field(name="image_size", group="picture", kind="whole"),
    Field(name="batch_size", group="picture", kind="whole"),
    Field(name="augmentation", group="picture", kind="choice", options=("off", "light", "medium", "strong")),
    Field(name="mirror", group="picture", kind="yes_no", options=("yes", "no")),
    Field(name="head_layers", group="head", kind="widths", task=Task.CLASSIFICATION),
    Field(name="head_dropout", group="head", kind="number", task=Task.CLASSIFICATION),
    Field(name="unfreeze_after", group="head", kind="whole", modes=("transfer",)),
    Field(name="backbone_lr_scale", group="head", kind="number", modes=("finetune",)),
    Field(name="precision", group="machine", kind="choice", options=("fp32", "bf16", "fp16")),
    Field(name="seed", group="machine", kind="whole"),
)


class Form(Struct, frozen=True, kw_only=True):
    """What the user wants. ``texts``: fields of Advanced as typed, empty ones left out."""

    mode: str = "transfer"
    model: str = ""
    effort: Effort = Effort.BALANCED
    start: str = ""  # ``StartWeights.name``
    device: str = "auto"
    texts: Mapping[str, str] = field(default_factory=dict)
    data: DataChoice | None = None  # where it starts from an earlier run: not all pictures


class Judgement(Struct, frozen=True, kw_only=True):
    """What a form comes to. ``plain``: the same without any value of Advanced, for what an empty field means.

    ``unreadable``: field -> what was typed there and is no number. A run can start when ``spec`` is there.
    """

    choices: Choices
    spec: RunSpec | None = None
    plain: RunSpec | None = None
    obstacles: tuple[Obstacle, ...] = ()
    unreadable: Mapping[str, str] = {}


def judge(form: Form, facts: DataFacts, start: StartWeights | None, *, cuda: bool) -> Judgement:
    """``start``: the one that ``form.start`` names, ``None`` if there is none."""
    entry = find(form.model, facts.task)
    values, unreadable = read_texts(form, facts.task)
    weights = start.ref if start else None
    data = form.data if form.mode != "scratch" and isinstance(weights, RunWeights) else None
    base = Choices(mode=form.mode, effort=form.effort, device=form.device, weights=weights, data=data)
    choices = replace(base, **values)
    cuda = cuda and form.device != "cpu"
    planned = plan(entry, choices, facts, cuda=cuda)
    plain = plan(entry, replace(base, weights=weights or CatalogueWeights(entry.name)), facts, cuda=cuda)
    return Judgement(
        choices=choices,
        spec=planned if isinstance(planned, RunSpec) and not unreadable else None,
        plain=plain if isinstance(plain, RunSpec) else None,
        obstacles=() if isinstance(planned, RunSpec) else tuple(planned),
        unreadable=unreadable,
    )


def form_of(spec: RunSpec, facts: DataFacts, *, cuda: bool) -> Form:
    """The form that leads to ``spec`` again: the effort that comes nearest to it, and what differs from that."""
    mode, weights = mode_of(spec.start), weights_of(spec.start)
    match weights:
        case VaultWeights(sha256=sha256):
            start = sha256
        case RunWeights(run=run):
            start = f"run:{run}"
        case _:
            start = ""
    forms = []
    for effort in (Effort.BALANCED, Effort.QUICK, Effort.THOROUGH):
        bare = Form(mode=mode, model=spec.architecture, effort=effort, start=start, device=spec.device)
        choices = Choices(mode=mode, weights=weights, effort=effort, device=spec.device)
        usual = plan(find(spec.architecture, facts.task), choices, facts, cuda=cuda and spec.device != "cpu")
        forms.append(replace(bare, texts=_differences(spec, usual if isinstance(usual, RunSpec) else None, facts.task)))
    return min(forms, key=lambda form: len(form.texts))


def _differences(spec: RunSpec, usual: RunSpec | None, task: Task) -> dict[str, str]:
    """Fields of Advanced in which ``spec`` is not as usual, as somebody would type them."""
    texts = {}
    for setting in FIELDS:
        value = setting_of(spec, setting.name)
        if not setting.acts(task, mode_of(spec.start)) or (usual and value == setting_of(usual, setting.name)):
            continue
        if text := _typed(setting, value):
            texts[setting.name] = text
    return texts


def _typed(setting: Field, value: object) -> str:
    match setting.kind:
        case "flag":
            return "on" if value else ""
        case "yes_no":
            return "yes" if value else "no"
        case "widths":
            return ", ".join(str(width) for width in value) if isinstance(value, tuple) else ""
        case "choice" if value not in setting.options:
            return ""  # "auto", which an empty field means as well
        case _:
            return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def setting_of(spec: RunSpec, name: str) -> object:
    """The value that a field of Advanced came to."""
    match name, spec.start:
        case "unfreeze_after", Transfer(unfreeze_after=epochs):
            return epochs
        case "backbone_lr_scale", FineTune(backbone_lr_scale=scale):
            return scale
    return getattr(spec, name, None)


def read_texts(form: Form, task: Task) -> tuple[dict[str, object], dict[str, str]]:
    """(values for ``Choices``, texts that are no value) of those fields of Advanced that act."""
    values: dict[str, object] = {}
    unreadable: dict[str, str] = {}
    for setting in FIELDS:
        text = form.texts.get(setting.name, "").strip()
        if not text or not setting.acts(task, form.mode):
            continue
        try:
            values[setting.name] = _value(setting, text)
        except ValueError:
            unreadable[setting.name] = text
    return values, unreadable


def _value(setting: Field, text: str) -> object:
    match setting.kind:
        case "whole":
            return int(text)
        case "number":
            value = float(text.replace(",", "."))
            if not math.isfinite(value):
                raise ValueError(text)
            return value
        case "widths":
            return tuple(int(part) for part in text.replace(",", " ").replace("×", " ").split())
        case "flag":
            return text == "on"
        case "yes_no":
            return text == "yes"
        case _:
            return text


def starts(entry: Entry, shelf: Shelf, runs: Sequence[RunSummary]) -> list[StartWeights]:
    """All that ``entry`` can start from here: published weights, files of the vault, finished runs (newest first)."""
    found = []
    if shelf.published.get(entry.name):
        known = next((file for file in shelf.kept if file.name == entry.name), None)
        classes = known.classes if known else ()
        found.append(StartWeights(name="", ref=CatalogueWeights(entry.name, licence=entry.licence, classes=classes)))
    for file in shelf.kept:
        if file.architecture == entry.name and file.name != entry.name:
            ref = VaultWeights(file.name, file.sha256, file.licence, file.classes)
            found.append(StartWeights(name=file.sha256, ref=ref))
    for run in reversed(runs):
        if run.model == entry.name and run.seconds is not None:
            found.append(StartWeights(name=f"run:{run.run}", ref=RunWeights(run.run, "", ()), run=run))
    return found


def first_model(task: Task, shelf: Shelf) -> str:
    """The one to begin with: ``FIRST_CHOICE``, unless only others have weights here."""
    first = find(FIRST_CHOICE[task])
    others = (entry for entry in catalogue() if entry.task is task and shelf.has(entry))
    return first.name if shelf.has(first) else next((entry.name for entry in others), first.name)


def recommended_mode(facts: DataFacts) -> str:
    """Few pictures of each class can teach a new head; it takes more to adapt a whole network, most to make one."""
    return "transfer" if facts.train < FEW_IMAGES * max(1, facts.classes) else "finetune"


def first_mode(facts: DataFacts, shelf: Shelf) -> str:
    """What a newcomer's click starts: the recommended mode if it can start here, else from scratch."""
    return recommended_mode(facts) if shelf.has(find(first_model(facts.task, shelf))) else "scratch"


def last_time(runs: Sequence[RunSummary], mode: str) -> RunSummary | None:
    """The newest run of this mode that tells how long it took."""
    return next((run for run in reversed(runs) if run.mode == mode and run.seconds is not None), None)
