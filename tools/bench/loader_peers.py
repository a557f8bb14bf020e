"""PyTorch's DataLoader on a frame pack of tvr: what a user would write to read it from Python.

usage: loader_peers.py PACK BATCH_SIZE WORKERS EPOCHS

Each item is the clip's uint8 [F,3,H,W] tensor, read through safetensors' mapped reader, as a worker of its own opens it;
batches are made by the default collation. Prints one line of JSON: clips a second from the second epoch on.
"""
import json
import pathlib
import sys
import time

import torch
from safetensors import safe_open


class Pack(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        shards = json.loads((self.folder / "pack.json").read_text())["shards"]
        self.clips = [(i, video["id"]) for i, shard in enumerate(shards) for video in shard["videos"]]
        self.files = {}

    def __len__(self):
        return len(self.clips)

    def __getitem__(self, index):
        shard, video = self.clips[index]
        if shard not in self.files:
            self.files[shard] = safe_open(self.folder / f"frames-{shard:05}.safetensors", "pt")
        return self.files[shard].get_tensor(video)


def main():
    folder, batch_size, workers, epochs = sys.argv[1], *map(int, sys.argv[2:5])
    torch.set_num_threads(1)
    loader = torch.utils.data.DataLoader(
        Pack(folder), batch_size, shuffle=True, num_workers=workers, drop_last=True, persistent_workers=workers > 0
    )
    for _ in loader:  # starts the workers, touches every page
        pass
    start, clips = time.perf_counter(), 0
    for _ in range(epochs - 1):
        for batch in loader:
            clips += len(batch)
    print(json.dumps({"clips_per_s": clips / (time.perf_counter() - start), "torch": torch.__version__}))


main()
