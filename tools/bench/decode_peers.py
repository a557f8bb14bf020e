#!/usr/bin/env python3
"""The job of decode_bench.cpp with another library, on one decoder thread: open a video, take N frames from the middle
of N equal segments as RGB. Prints seconds and processor seconds of each repetition, one a line.

usage: decode_peers.py torchcodec|decord|pyav|pyav-seek|versions [VIDEO FRAMES REPETITIONS [PIXELS]]
"""
import sys
import time


def middles(frames, count):
    return [(2 * i + 1) * frames // (2 * count) for i in range(count)]


def torchcodec(video, count):
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(video, seek_mode="exact", num_ffmpeg_threads=1, dimension_order="NHWC")
    return decoder.get_frames_at(middles(decoder.metadata.num_frames, count)).data.numpy()


def decord(video, count):
    import decord as library

    reader = library.VideoReader(video, ctx=library.cpu(0), num_threads=1)
    return reader.get_batch(middles(len(reader), count)).asnumpy()


def single_threaded(container):
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream


def pyav(video, count):
    """Decodes from the start and picks."""
    import av
    import numpy

    frames = []
    with av.open(video) as container:
        stream = single_threaded(container)
        wanted = middles(stream.frames, count)
        for index, frame in enumerate(container.decode(stream)):
            if index == wanted[len(frames)]:
                frames.append(frame.to_ndarray(format="rgb24"))
                if len(frames) == count:
                    break
    return numpy.stack(frames)


def pyav_seek(video, count):
    """Seeks to the key frame before each frame; right for a constant frame rate only."""
    import av
    import numpy

    frames = []
    with av.open(video) as container:
        stream = single_threaded(container)
        for index in middles(stream.frames, count):
            target = (stream.start_time or 0) + round(index / stream.average_rate / stream.time_base)
            container.seek(target, stream=stream)
            for frame in container.decode(stream):
                if frame.pts >= target:
                    frames.append(frame.to_ndarray(format="rgb24"))
                    break
    return numpy.stack(frames)


JOBS = {"torchcodec": torchcodec, "decord": decord, "pyav": pyav, "pyav-seek": pyav_seek}


def versions():
    from importlib.metadata import version

    print(", ".join(f"{name} {version(name)}" for name in ("torchcodec", "torch", "decord", "av")))


def main():
    if sys.argv[1:] == ["versions"]:
        return versions()
    if len(sys.argv) < 5 or sys.argv[1] not in JOBS:
        sys.exit(__doc__)
    job, video, count, repetitions = JOBS[sys.argv[1]], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if sys.argv[1] == "torchcodec":
        import torch

        torch.set_num_threads(1)
    for repetition in range(repetitions):
        start, processor = time.perf_counter(), time.process_time()
        pixels = job(video, count)
        print(f"{time.perf_counter() - start:.6f} {time.process_time() - processor:.6f}", flush=True)
        if repetition == 0 and len(sys.argv) > 5:
            pixels.tofile(sys.argv[5])


main()
