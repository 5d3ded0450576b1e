"""Sounds that are no voice, and noise for voices: made here, by seed, 16 kHz mono in [-1, 1]."""
import numpy as np

RATE = 16000


def coloured(r, seconds, slope):
    """Noise whose power falls with the frequency to the power of slope: 0 white, 1 pink, 2 brown."""
    n = int(seconds * RATE)
    spectrum = np.fft.rfft(r.standard_normal(n))
    f = np.fft.rfftfreq(n, 1 / RATE)
    spectrum *= np.where(f > 20, np.maximum(f, 20) ** (-slope / 2), 0)
    x = np.fft.irfft(spectrum, n)
    return x / np.abs(x).max()


def time(seconds):
    return np.arange(int(seconds * RATE)) / RATE


def tone(r, seconds):
    return np.sin(2 * np.pi * r.uniform(80, 3000) * time(seconds))


def chord(r, seconds):
    root, t = r.uniform(90, 400), time(seconds)
    return sum(np.sin(2 * np.pi * root * k * t + r.uniform(0, 6)) / k for k in (1, 1.26, 1.5, 2, 2.52, 3)) / 3


def hum(r, seconds):
    base, t = r.choice([50, 60, 87, 120]), time(seconds)
    x = sum(np.sin(2 * np.pi * base * k * t + r.uniform(0, 6)) / k ** r.uniform(0.5, 1.5) for k in range(1, 30))
    return x / np.abs(x).max() + 0.02 * r.standard_normal(len(t))


def notes(r, seconds, decay, harmonics, vibrato=0.0, gap=(0.12, 0.6), together=1):
    """A melody of harmonic notes; decay per second; vibrato in semitones."""
    out = np.zeros(int(seconds * RATE))
    for _ in range(together):
        at = 0.0
        while at < seconds:
            length = r.uniform(*gap)
            n = int((length + 0.1) * RATE)
            t = np.arange(n) / RATE
            f = 110 * 2 ** (r.integers(0, 36) / 12)
            phase = 2 * np.pi * np.cumsum(f * 2 ** (vibrato / 12 * np.sin(2 * np.pi * 5.5 * t)) / RATE)
            x = sum(np.sin(k * phase + r.uniform(0, 6)) / k ** 1.2 for k in range(1, harmonics + 1) if k * f < 7500)
            x = x * np.minimum(1, t / 0.01) * np.exp(-decay * t) * np.minimum(1, (length + 0.1 - t) / 0.03)
            i = int(at * RATE)
            out[i:i + n] += x[:len(out) - i]
            at += length
    return out / np.abs(out).max()


def piano(r, seconds):
    return notes(r, seconds, r.uniform(2, 6), 8, together=int(r.integers(1, 4)))


def organ(r, seconds):
    return notes(r, seconds, 0, 12, gap=(0.3, 1.2), together=int(r.integers(1, 4)))


def violin(r, seconds):
    return notes(r, seconds, 0, 15, vibrato=r.uniform(0.1, 0.4), gap=(0.3, 1.0))


def drums(r, seconds):
    out, beat = np.zeros(int(seconds * RATE)), r.uniform(0.2, 0.5)
    for k, at in enumerate(np.arange(0, seconds, beat / 2)):
        n = int(0.2 * RATE)
        t = np.arange(n) / RATE
        x = (np.sin(2 * np.pi * 60 * t * (1 + np.exp(-30 * t))) * np.exp(-15 * t) * 2 if k % 4 == 0
             else r.standard_normal(n) * np.exp(-r.uniform(20, 60) * t) * (1 if k % 4 == 2 else 0.3))
        i = int(at * RATE)
        out[i:i + n] += x[:len(out) - i]
    return out / np.abs(out).max()


def band(r, seconds):
    return 0.5 * drums(r, seconds) + 0.4 * organ(r, seconds) + 0.3 * piano(r, seconds)


def clicks(r, seconds):
    x = 0.001 * r.standard_normal(int(seconds * RATE))
    for at in r.integers(0, len(x) - 200, int(seconds * r.uniform(1, 8))):
        x[at:at + 160] += r.standard_normal(160) * np.exp(-np.arange(160) / r.uniform(10, 60))
    return x / np.abs(x).max()


def siren(r, seconds):
    t = time(seconds)
    f = r.uniform(500, 900) * 2 ** (r.uniform(0.3, 0.8) * np.sin(2 * np.pi * r.uniform(0.2, 1.5) * t))
    return np.sin(2 * np.pi * np.cumsum(f) / RATE)


def engine(r, seconds):
    t = time(seconds)
    f = r.uniform(60, 110) * (1 + 0.2 * np.sin(2 * np.pi * r.uniform(0.05, 0.3) * t))
    phase = 2 * np.pi * np.cumsum(f) / RATE
    x = sum(np.sin(k * phase + r.uniform(0, 6)) / k for k in range(1, 20))
    return x / np.abs(x).max() + 0.2 * coloured(r, seconds, 1)


def gusts(r, seconds):
    """Noise that swells, as wind and waves do."""
    at = np.arange(0, seconds + 1, 0.5)
    slow = np.interp(time(seconds), at, r.uniform(0.05, 1, len(at)))
    return coloured(r, seconds, r.uniform(0.5, 2)) * slow


def bursts(r, seconds):
    """Noise at the pace of syllables."""
    at = np.arange(0, seconds + 1, 0.12)
    pace = np.interp(time(seconds), at, r.uniform(0, 1, len(at))) ** 2
    return coloured(r, seconds, r.uniform(0, 1.5)) * pace


FIT = {"white": lambda r, s: coloured(r, s, 0), "pink": lambda r, s: coloured(r, s, 1),
       "brown": lambda r, s: coloured(r, s, 2), "tone": tone, "chord": chord, "hum": hum, "piano": piano, "organ": organ,
       "drums": drums, "clicks": clicks, "gusts": gusts, "violin": violin, "siren": siren, "bursts": bursts}
KEPT_BACK = {"engine": engine, "band": band, "mid": lambda r, s: coloured(r, s, 0.5)}
