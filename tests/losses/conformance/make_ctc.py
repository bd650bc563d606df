"""Make ctc_steps.json with torch: its CTC loss with input lengths.

Run with torch 2.13.0+cpu: python make_ctc.py > ctc_steps.json
"""

import json

import torch

CASES = {  # steps of each row
    "shorter": [5, 3, 6],
    "impossible": [5, 1, 6],
    "whole": [6, 6, 6],
    "nothing": [0, 3, 6],
}
LABELS = [[1, 2], [2, 2], [3, -1]]


def main():
    """Print logits, labels, values and gradients by the logits for each case."""
    torch.manual_seed(0)
    logits = (2 * torch.randn(3, 6, 4, dtype=torch.float64)).round(decimals=3)
    found = {"origin": f"torch {torch.__version__}, torch.nn.functional.ctc_loss", "logits": logits.tolist(),
             "labels": LABELS, "cases": {}}
    flat = torch.tensor([label for row in LABELS for label in row if label >= 0])
    lengths = torch.tensor([sum(label >= 0 for label in row) for row in LABELS])
    for name, steps in CASES.items():
        for zero in (False, True):
            z = logits.clone().requires_grad_()
            values = torch.nn.functional.ctc_loss(
                z.log_softmax(-1).transpose(0, 1), flat, torch.tensor(steps), lengths, blank=0, reduction="none",
                zero_infinity=zero)
            finite = torch.where(torch.isinf(values), torch.zeros_like(values), values)
            finite.sum().backward()
            slopes = torch.nan_to_num(z.grad)
            found["cases"][f"{name}, zero_infinity={zero}"] = {
                "steps": steps, "zero_infinity": zero, "values": [str(v) for v in values.tolist()],
                "gradient": slopes.tolist()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
