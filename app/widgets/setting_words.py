"""Settings of runs in the words of the Train page."""

from PySide6.QtCore import QCoreApplication

from app.widgets.run.run_words import mode_title

translate = QCoreApplication.translate


def setting_title(name: str) -> str:
    """A setting that has no name on the Train page keeps the one it has in ``spec.json``."""
    words = {
        "mode": translate("SettingWords", "Mode"),
        "weights": translate("SettingWords", "Start weights"),
        "data": translate("SettingWords", "Data"),
        "architecture": translate("SettingWords", "Model"),
        "engine": translate("SettingWords", "Engine"),
        "epochs": translate("SettingWords", "Epochs"),
        "batch_size": translate("SettingWords", "Batch size"),
        "image_size": translate("SettingWords", "Image size"),
        "optimizer": translate("SettingWords", "Optimizer"),
        "learning_rate": translate("SettingWords", "Learning rate"),
        "weight_decay": translate("SettingWords", "Weight decay"),
        "schedule": translate("SettingWords", "Schedule"),
        "warmup_epochs": translate("SettingWords", "Warm-up epochs"),
        "augmentation": translate("SettingWords", "Augmentation"),
        "mirror": translate("SettingWords", "Mirroring"),
        "label_smoothing": translate("SettingWords", "Label smoothing"),
        "class_weights": translate("SettingWords", "Class weights"),
        "gradient_clip": translate("SettingWords", "Gradient clip"),
        "head_layers": translate("SettingWords", "Head layers"),
        "head_dropout": translate("SettingWords", "Head dropout"),
        "patience": translate("SettingWords", "Patience"),
        "precision": translate("SettingWords", "Precision"),
        "seed": translate("SettingWords", "Seed"),
        "device": translate("SettingWords", "Device"),
        "unfreeze_after": translate("SettingWords", "Unfreeze after (epochs)"),
        "backbone_lr_scale": translate("SettingWords", "Backbone rate, share of the head's"),
    }
    return words.get(name, name)


def setting_value(name: str, value: str) -> str:
    words = {
        "": "–",
        "automatic": translate("SettingWords", "automatic"),
        "yes": translate("SettingWords", "yes"),
        "no": translate("SettingWords", "no"),
    }
    return mode_title(value) if name == "mode" else words.get(value, value)
