"""Ants and bees: Lensmith's whole command against the way of PyTorch's transfer-learning tutorial, in one run.

python -m tests.benchmarks.hymenoptera [--seeds 0 1 2] [--full] [--finetune] [--modes]

``--modes`` asks instead which mode is best: one command trains all three, a quarter of the pictures judges.


The tutorial (https://docs.pytorch.org/tutorials/beginner/transfer_learning_tutorial.html) freezes a ResNet-18 and sends
every image through it in each of 25 epochs, batch 4. Its time does not depend on the weights, so they are random here;
its published accuracy is 0.961 (frozen) and 0.941 (fine-tuned), with ResNet-18's ImageNet weights.
"""

import argparse
import tempfile
import time
from pathlib import Path

from tests.benchmarks.lensmith import DATA, compare, describe, forget_features, lensmith, new_project

EPOCHS = 25
MODEL = "tf_efficientnet_lite0"
MODES_GOAL = 480  # seconds


def tutorial_epoch_seconds(folder: Path, epochs: int) -> list[float]:
    """Seconds of each epoch (training and validation phase), as the tutorial's "ConvNet as fixed feature extractor"."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import datasets, models, transforms

    normalise = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    train = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), transforms.ToTensor(), normalise]
    val = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), normalise]
    loaders = {
        part: DataLoader(
            datasets.ImageFolder(str(folder / part), transforms.Compose(steps)), 4, shuffle=True, num_workers=4
        )
        for part, steps in (("train", train), ("val", val))
    }
    model = models.resnet18(weights=None)
    for parameter in model.parameters():
        parameter.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, 2)
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.001, momentum=0.9)
    seconds = []
    for _ in range(epochs):
        began = time.perf_counter()
        for part, loader in loaders.items():
            model.train(part == "train")
            for images, labels in loader:
                optimizer.zero_grad()
                with torch.set_grad_enabled(part == "train"):
                    loss = nn.functional.cross_entropy(model(images), labels)
                if part == "train":
                    loss.backward()
                    optimizer.step()
        seconds.append(time.perf_counter() - began)
        print(f"tutorial's way, epoch {len(seconds)}: {seconds[-1]:.1f} s", flush=True)
    return seconds


def modes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        project, home = new_project(Path(folder), "hymenoptera"), Path(folder) / "home"
        lensmith(home, "split", str(project), "--val", "0.15", "--test", "0.25")
        _, seconds = compare(home, project, "--models", MODEL, "--effort", "quick")
        print(f"goal {MODES_GOAL} s: {'reached' if seconds <= MODES_GOAL else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--full", action="store_true", help=f"run all {EPOCHS} epochs of the tutorial's way")
    parser.add_argument("--finetune", action="store_true", help="also fine-tune for five epochs at each seed")
    parser.add_argument("--modes", action="store_true", help="compare the three modes, in one command")
    options = parser.parse_args()
    if options.modes:
        modes()
        return
    with tempfile.TemporaryDirectory() as folder:
        project, home = new_project(Path(folder), "hymenoptera"), Path(folder) / "home"
        accuracies, times = [], []
        for seed in options.seeds:
            forget_features(project)
            answer, seconds = lensmith(
                home, "train", str(project), "--model", MODEL, "--mode", "transfer", "--seed", str(seed)
            )
            accuracies.append(describe(f"transfer, seed {seed}", answer, seconds, "val"))
            times.append(seconds)
        answer, seconds = lensmith(home, "train", str(project), "--model", MODEL, "--mode", "transfer", "--seed", "9")
        describe("transfer again, features known", answer, seconds, "val")
        for seed in options.seeds if options.finetune else ():
            arguments = ["--model", MODEL, "--mode", "finetune", "--epochs", "5", "--seed", str(seed)]
            answer, seconds = lensmith(home, "train", str(project), *arguments)
            describe(f"fine-tune, 5 epochs, seed {seed}", answer, seconds, "val")

    measured = tutorial_epoch_seconds(DATA / "hymenoptera", EPOCHS if options.full else 2)
    whole = sum(measured) if options.full else EPOCHS * sum(measured) / len(measured)
    how = "measured" if options.full else f"{len(measured)} epochs measured, scaled to {EPOCHS}"
    print(f"transfer: lowest accuracy {min(accuracies):.4f}, mean {sum(accuracies) / len(accuracies):.4f}")
    print(f"tutorial's way: {whole:.0f} s of training alone ({how})")
    print(f"Lensmith's slowest whole command: {max(times):.1f} s; ratio {whole / max(times):.1f}")


if __name__ == "__main__":
    main()
