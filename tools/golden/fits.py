"""Fits of the polynomials in src/compute/kernels_template.h: prints the coefficients and the largest relative error.

numpy 2 and scipy 1.  Least squares in Chebyshev's basis, weights raised where the relative error is large, until the
errors are nearly level.
"""
import numpy as np
from numpy.polynomial import chebyshev, polynomial
from scipy.special import erfcx


def fit(function, low, high, degree, points=4000, rounds=300):
    x = np.cos(np.pi * (np.arange(points) + 0.5) / points) * (high - low) / 2 + (high + low) / 2
    y = function(x)
    weight = np.ones(points)
    basis = chebyshev.chebvander((2 * x - low - high) / (high - low), degree)
    for _ in range(rounds):
        root = np.sqrt(weight) / np.abs(y)
        c = np.linalg.lstsq(basis * root[:, None], y * root, rcond=None)[0]
        error = np.abs(basis @ c / y - 1)
        weight *= error / error.max() + 1e-3
        weight /= weight.mean()
    p = chebyshev.cheb2poly(c)
    slope, shift = 2 / (high - low), -(low + high) / (high - low)
    out = np.zeros(1)
    for k in range(degree, -1, -1):
        out = polynomial.polyadd(polynomial.polymul(out, [shift, slope]), [p[k]])
    return out, error.max()


def show(name, fitted):
    print(name, "error", fitted[1], [float(np.float32(v)) for v in fitted[0]])


# Phi(-a) exp(a a / 2) as a polynomial in t = 1 / (1 + 0.3 a), 0 <= a <= 14.5
show("tail", fit(lambda t: 0.5 * erfcx((1 / t - 1) / 0.3 / np.sqrt(2)), 1 / (1 + 0.3 * 14.5), 1, 8))
# tanh(x) / x as a polynomial in x x, up to |x| = 0.648
show("tanh", fit(lambda z: np.tanh(np.sqrt(z)) / np.sqrt(z), 1e-12, 0.42, 5, rounds=200))
