"""Writes a qurio checkpoint from a PyTorch model: python write_checkpoint.py OUT_DIRECTORY (needs torch, safetensors)."""
import json, os, sys
import torch
from torch import nn
from safetensors.torch import save_file

FEATURES, HIDDEN, LABELS = 969, [128, 64], ["dog", "rain", "sea_waves"]

# hidden layers: Linear, LayerNorm (eps 1e-5), ReLU, Dropout; last layer: Linear. Train it on z-scored features clipped to +-5.
layers, columns = [], FEATURES
for rows in HIDDEN:
    layers += [nn.Linear(columns, rows), nn.LayerNorm(rows), nn.ReLU(), nn.Dropout(0.2)]
    columns = rows
model = nn.Sequential(*layers, nn.Linear(columns, len(LABELS)))
mean, std = torch.zeros(FEATURES), torch.ones(FEATURES)  # of your training set; 1 where a feature never changes

tensors = {"normalization.mean": mean, "normalization.std": std}
linears = [module for module in model if isinstance(module, nn.Linear)]
norms = [module for module in model if isinstance(module, nn.LayerNorm)]
for i, linear in enumerate(linears):
    tensors[f"experts.0.{i}.weight"] = linear.weight.detach()  # [rows, columns], as PyTorch has it
    tensors[f"experts.0.{i}.bias"] = linear.bias.detach()
for i, norm in enumerate(norms):
    tensors[f"experts.0.{i}.gamma"], tensors[f"experts.0.{i}.beta"] = norm.weight.detach(), norm.bias.detach()

description = {
    "format": "qurio-checkpoint", "version": 1, "labels": LABELS, "clip": 5,
    "features": {"kind": "external", "count": FEATURES},  # or kind "rich" with floor, origin, step: qurio's own front end
    "router": None,
    "experts": [{"name": "4-bit", "weightType": "4", "inputs": FEATURES, "hidden": HIDDEN, "outputs": len(LABELS),
                 "norm": True, "dropout": 0.2}],
    "policy": {"kind": "single", "samples": 0, "alpha": 0, "varianceScale": 1, "escalate": [], "abstain": [0], "beta": []},
    "provenance": {"dataset": {"name": "mine", "sha256": "unknown", "clips": 0, "folds": 0}, "command": "write_checkpoint.py",
                   "seed": 0, "versions": {"torch": torch.__version__}},
}
os.makedirs(sys.argv[1], exist_ok=True)
save_file(tensors, os.path.join(sys.argv[1], "weights.safetensors"))
json.dump(description, open(os.path.join(sys.argv[1], "model.json"), "w"), indent=2)
