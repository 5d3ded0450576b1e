"""Golden files of the media module: small media files, resizing, filter banks.

Writes tests/golden/media/.  Made with Python 3.11, numpy 2.4.6, pillow 13.0.0, torch 2.15.0, transformers 4.57.1,
safetensors 0.8.0, torchaudio 2.11.0 (only its pure Python file compliance/kaldi.py, loaded by itself) and ffmpeg 5.1.

    python3 tools/golden/media.py [all|files|numbers]
"""
import importlib.metadata
import importlib.util
import math
import struct
import subprocess
import sys
import types
import zlib
from pathlib import Path

import numpy
import torch
import torch.nn.functional
from PIL import Image
from safetensors.numpy import save_file

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "media"


def test_picture(width, height):
    """The same formula is in tests/media/test_resize.c."""
    x = numpy.arange(width, dtype=numpy.int64)[None, :, None]
    y = numpy.arange(height, dtype=numpy.int64)[:, None, None]
    c = numpy.arange(3, dtype=numpy.int64)[None, None, :]
    smooth = (x * 3 + y * 2 + c * 85) % 256
    rough = (x * x * 3 + y * y * 5 + x * y * 7 + c * 91) % 256
    edge = ((x // 9 + y // 7 + c) % 2) * 255
    return numpy.where(x * 3 < width, smooth, numpy.where(x * 3 < 2 * width, rough, edge)).astype(numpy.uint8)


def still(picture, size):
    """torchvision's Resize(size, BICUBIC) and CenterCrop(size) on a PIL picture; gives the crop and the whole."""
    width, height = picture.size
    short, long = (width, height) if width <= height else (height, width)
    longer = int(size * long / short)
    target = (size, longer) if width <= height else (longer, size)
    whole = picture if (width, height) == target else picture.resize(target, Image.BICUBIC)
    left, top = int(round((target[0] - size) / 2.0)), int(round((target[1] - size) / 2.0))
    return whole.crop((left, top, left + size, top + size)), whole


def video(pixels, size):
    """pytorchvideo's ShortSideScale and the three crops of SpatialCrop, as ImageBind's video loader calls them."""
    height, width = pixels.shape[:2]
    tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float().div(255.0)
    if width < height:
        target = (int(math.floor((float(height) / width) * size)), size)
    else:
        target = (size, int(math.floor((float(width) / height) * size)))
    scaled = torch.nn.functional.interpolate(tensor[None], size=target, mode="bilinear", align_corners=False)[0]
    crops = []
    for index in range(3):
        y, x = math.ceil((target[0] - size) / 2), math.ceil((target[1] - size) / 2)
        if target[0] > target[1]:
            y = 0 if index == 0 else target[0] - size if index == 2 else y
        else:
            x = 0 if index == 0 else target[1] - size if index == 2 else x
        crops.append(scaled[:, y:y + size, x:x + size])
    return torch.stack(crops).numpy()


def resize():
    tensors = {}
    for width, height, size in [(1, 1, 8), (2, 3, 8), (53, 37, 24), (37, 53, 24), (320, 240, 32), (641, 361, 32),
                                (361, 641, 32), (48, 48, 48), (100, 48, 48), (48, 131, 48), (1920, 1080, 32),
                                (7, 300, 16), (640, 360, 224)]:
        pixels = test_picture(width, height)
        crop, _ = still(Image.fromarray(pixels), size)
        tensors[f"still.{width}.{height}.{size}"] = numpy.asarray(crop).copy()
        if size <= 48:
            tensors[f"video.{width}.{height}.{size}"] = video(pixels, size)
    whole = Image.fromarray(test_picture(53, 37)).resize((20, 91), Image.BICUBIC)
    tensors["plain.53.37.20.91"] = numpy.asarray(whole).copy()
    save_file(tensors, OUT / "resize.safetensors")


def kaldi_module():
    folder = importlib.util.find_spec("torchaudio").submodule_search_locations[0]
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    spec = importlib.util.spec_from_file_location("kaldi", folder + "/compliance/kaldi.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def imagebind_mel(kaldi, samples):
    wave = torch.from_numpy(samples)[None]
    wave = wave - wave.mean()
    mel = kaldi.fbank(wave, htk_compat=True, sample_frequency=16000, use_energy=False, window_type="hanning",
                      num_mel_bins=128, dither=0.0, frame_length=25, frame_shift=10).transpose(0, 1)
    missing = 204 - mel.size(1)
    mel = torch.nn.functional.pad(mel, (0, missing)) if missing > 0 else mel[:, :204]
    return ((mel + 4.268) / 9.138).numpy()


def mel():
    from transformers import WhisperFeatureExtractor

    random = numpy.random.default_rng(7)
    n = numpy.arange(36000)
    samples = 0.05 * random.standard_normal(36000) * (0.2 + numpy.sin(n / 9000.0) ** 2)
    for harmonic in range(1, 9):
        samples += 0.2 / harmonic * numpy.sin(2 * numpy.pi * harmonic * n * (140 + 30 * numpy.sin(n / 5000.0)) / 16000)
    samples = (samples + 0.02).astype(numpy.float32)
    kaldi = kaldi_module()
    tensors = {"samples": samples, "imagebind.32000": imagebind_mel(kaldi, samples[:32000]),
               "imagebind.36000": imagebind_mel(kaldi, samples), "imagebind.1000": imagebind_mel(kaldi, samples[:1000])}
    for bins in (80, 128):
        extractor = WhisperFeatureExtractor(feature_size=bins)
        padded = extractor(samples, sampling_rate=16000, return_tensors="np").input_features[0]
        tensors[f"whisper.{bins}.begin"] = numpy.ascontiguousarray(padded[:, :240])
        tensors[f"whisper.{bins}.end"] = numpy.ascontiguousarray(padded[:, -8:])
        tensors[f"whisper.{bins}.whole"] = extractor(samples, sampling_rate=16000, padding="do_not_pad",
                                                     return_tensors="np").input_features[0]
    tensors = {key: numpy.ascontiguousarray(value, numpy.float32) for key, value in tensors.items()}
    begin = {key: value for key, value in tensors.items() if "128" not in key}
    save_file(begin, OUT / "mel.safetensors")
    save_file({key: value for key, value in tensors.items() if key not in begin}, OUT / "mel128.safetensors")


def picture_file():
    """A PNG through the whole path: decoding, resizing, cropping."""
    picture = Image.fromarray(test_picture(91, 64))
    picture.save(OUT / "still.png")
    crop, _ = still(picture, 32)
    save_file({"still": numpy.asarray(crop).copy()}, OUT / "still.safetensors")
    halves = Image.new("RGB", (64, 48), (255, 0, 0))
    halves.paste((0, 0, 255), (32, 0, 64, 48))
    exif = Image.Exif()
    exif[0x112] = 6  # to be rotated clockwise
    halves.save(OUT / "exif.jpg", exif=exif, quality=95)
    huge = bytearray((OUT / "still.png").read_bytes())
    huge[16:24] = struct.pack(">II", 60000, 60000)
    huge[29:33] = struct.pack(">I", zlib.crc32(bytes(huge[12:29])))
    (OUT / "huge.png").write_bytes(bytes(huge))


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", *arguments], check=True)


# Frame n (25 a second) is grey of level 16 + 4 n; the sound is 440 Hz at an amplitude of 1/8.
GREY = ["-f", "lavfi", "-i", "color=c=black:s=64x48:r=25:d={d},format=gray,geq=lum='16+4*N'"]
HALVES = ["-f", "lavfi", "-i", "color=c=red:s=64x48:r=25:d={d},drawbox=x=32:w=32:h=48:color=blue:t=fill"]
SINE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration={d}"]


def source(kind, seconds):
    return [argument.format(d=seconds) for argument in kind]


def files():
    x264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12", "-bf", "2"]
    aac = ["-c:a", "aac", "-b:a", "48k"]
    def out(name):
        return str(OUT / name)
    ffmpeg(*source(GREY, 2.2), *source(SINE, 2.2), *x264, *aac, "-movflags", "+faststart", out("plain.mp4"))
    ffmpeg(*source(GREY, 2.2), *source(SINE, 2.2), "-c:v", "libvpx-vp9", "-pix_fmt", "yuv420p", "-crf", "15", "-b:v", "0", "-c:a", "libopus", "-b:a", "32k",
           out("vp9.webm"))
    ffmpeg(*source(GREY, 2.2), *source(SINE, 2.2), "-c:v", "mpeg4", "-q:v", "2", "-c:a", "libmp3lame", "-b:a", "48k",
           out("mpeg4.avi"))
    ffmpeg(*source(GREY, 0.6), *source(SINE, 0.6), "-c:v", "prores_ks", "-pix_fmt", "yuva444p10le", "-c:a", "pcm_alaw", "-ar",
           "8000", out("prores.mov"))
    ffmpeg(*source(GREY, 2.2), "-vf", "select='lt(n,5)+eq(n,20)+eq(n,21)+eq(n,50)'", "-vsync", "vfr", *x264, out("vfr.mkv"))
    ffmpeg(*source(HALVES, 0.4), *x264, out("halves.mp4"))
    for degrees, name in ((90, "turned-left"), (180, "turned-over"), (270, "turned-right")):
        ffmpeg("-i", out("halves.mp4"), "-c", "copy", "-metadata:s:v:0", f"rotate={degrees}", out(f"{name}.mp4"))
    Path(out("halves.mp4")).unlink()
    ffmpeg(*source(GREY, 0.4), "-vf", "crop=63:47:0:0:exact=1", "-c:v", "libx264", "-pix_fmt", "yuv444p10le", "-crf", "12",
           out("odd10.mp4"))
    ffmpeg(*source(GREY, 0.04), "-frames:v", "1", *x264, out("one-frame.mp4"))
    ffmpeg(*source(SINE, 0.02), "-ar", "16000", out("short.wav"))
    ffmpeg(*source(SINE, 0.5), "-ar", "8000", "-ac", "2", "-c:a", "pcm_u8", out("stereo8.wav"))
    ffmpeg(*source(SINE, 1.5), "-b:a", "48k", out("tone.mp3"))
    ffmpeg(*source(SINE, 1.5), "-ar", "16000", "-c:a", "flac", out("tone.flac"))
    ffmpeg(*source(SINE, 1.5), "-c:a", "libvorbis", "-b:a", "48k", out("tone.ogg"))
    ffmpeg(*source(SINE, 1.5), *aac, out("tone.m4a"))
    ffmpeg(*source(GREY, 1.0), "-pix_fmt", "rgb8", out("moving.gif"))
    ffmpeg("-f", "lavfi", "-i", "color=c=0x20C040@0.5:s=41x33:d=0.04,format=rgba", "-frames:v", "1", out("alpha.png"))
    ffmpeg(*source(GREY, 2.0), "-itsoffset", "1.0", *source(SINE, 0.8), *x264, "-c:a", "pcm_s16le", "-ar", "16000",
           out("late-sound.mkv"))
    ffmpeg(*source(GREY, 0.6), *source(SINE, 2.0), *x264, *aac, out("long-sound.mp4"))
    subtitles = Path(out("words.srt"))
    subtitles.write_text("1\n00:00:00,100 --> 00:00:00,900\n<i>Hello</i> there,\nworld\n\n"
                         "2\n00:00:01,000 --> 00:00:01,700\nh\u00e9llo again\n", encoding="utf-8")
    ffmpeg(*source(GREY, 2.0), "-i", str(subtitles), *x264, "-c:s", "srt", "-metadata:s:s:0", "language=eng",
           out("subtitles.mkv"))
    ffmpeg(*source(GREY, 2.0), "-i", str(subtitles), *x264, "-c:s", "mov_text", out("subtitles.mp4"))
    subtitles.unlink()
    noise = ["-f", "lavfi", "-i", "nullsrc=s=64x48:r=25:d=3,geq=lum='random(1)*255':cb=128:cr=128"]
    ffmpeg(*noise, *source(SINE, 3), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "40", "-g", "12", *aac, "-movflags",
           "+faststart", out("noise.mp4"))
    data = Path(out("noise.mp4")).read_bytes()
    Path(out("truncated.mp4")).write_bytes(data[:len(data) * 6 // 10])
    begin = data.index(b"mdat") + 4
    broken = bytearray(data)
    for at in range(begin + 4000, len(broken) - 4000, 997):
        broken[at:at + 60] = bytes((37 * i + at) % 256 for i in range(60))
    Path(out("broken.mp4")).write_bytes(bytes(broken))
    Path(out("noise.mp4")).unlink()
    ffmpeg(*source(GREY, 2.2), *source(SINE, 2.2), *x264, *aac, out("whole.mp4"))
    data = Path(out("whole.mp4")).read_bytes()
    Path(out("no-index.mp4")).write_bytes(data[:len(data) // 2])
    Path(out("whole.mp4")).unlink()
    # MPEG-TS: frame n (5 a second) is grey of level 16 + 12 n; a tone from 1.0 to 1.2 s; the clock begins at 10 s.
    ffmpeg("-f", "lavfi", "-i", "color=c=black:s=64x48:r=5:d=3,format=gray,geq=lum='16+12*N'", "-f", "lavfi", "-i",
           "aevalsrc='0.5*sin(2*PI*1000*t)*between(t,1,1.2)':s=16000:d=3", "-c:v", "mpeg2video", "-pix_fmt", "yuv420p",
           "-q:v", "2", "-g", "5", "-bf", "0", "-c:a", "mp2", "-b:a", "32k", "-muxdelay", "0", "-muxpreload", "0",
           "-output_ts_offset", "10", "-flags", "+bitexact", "-fflags", "+bitexact", "-mpegts_flags", "+initial_discontinuity",
           "-map_metadata", "-1", out("clock.ts"))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    if what in ("all", "numbers"):
        resize()
        mel()
        picture_file()
    if what in ("all", "files"):
        files()
