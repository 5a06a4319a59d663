"""Great-circle distances and neighbours on a sphere, by chords of the unit sphere."""

import numpy as np
from scipy.spatial import KDTree

from spatial_coagg._typing import FloatArray, IntArray

# Mean radius R1 of the WGS84 ellipsoid, as the IUGG recommends.
EARTH_RADIUS_KM = 6371.0088
# Chords that differ by less than this (0.6 mm on the ground) are the same distance.
SAME = 1e-10


def unit_vectors(degrees: FloatArray) -> FloatArray:
    """Return points of the unit sphere, shape (N, 3), from longitude and latitude.

    Parameters
    ----------
    degrees : ndarray of shape (N, 2)
        Longitude and latitude.
    """
    longitude, latitude = np.deg2rad(degrees).T
    return np.column_stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ]
    )


def chord_of(km: float) -> float:
    """Return the chord of the unit sphere under an arc of `km`."""
    return float(2 * np.sin(min(km / EARTH_RADIUS_KM, np.pi) / 2))


def arc_km(chords: FloatArray) -> FloatArray:
    """Return the great-circle distances (km) over chords of the unit sphere.

    This is the haversine formula: the haversine is the square of half the chord.
    """
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chords / 2, 1.0))


def distance_of_pairs_km(vectors: FloatArray, pairs: IntArray) -> FloatArray:
    """Return the great-circle distance (km) of each of `pairs`, shape (P, 2)."""
    steps = vectors[pairs[:, 0]] - vectors[pairs[:, 1]]
    return arc_km(np.sqrt(np.square(steps).sum(axis=1)))


def nearest_positions(vectors: FloatArray, k: int) -> IntArray:
    """Return the `k` nearest others of each point, shape (N, k), lower position first.

    Where several points are equally far at rank `k`, those of lower position win.
    """
    tree = KDTree(vectors)
    # The point itself, or a twin at the same place, stands at rank 0.
    reach = np.asarray(tree.query(vectors, k=[k + 1])[0])[:, 0]
    candidates = tree.query_ball_point(vectors, reach + SAME)
    chosen = np.empty((len(vectors), k), dtype=np.int64)
    for position, found in enumerate(candidates):
        others = np.sort(np.setdiff1d(found, [position]))
        chords = np.sqrt(np.square(vectors[others] - vectors[position]).sum(axis=1))
        closer = chords < reach[position] - SAME
        tied = others[~closer][: k - int(closer.sum())]
        chosen[position] = np.sort(np.concatenate([others[closer], tied]))
    return chosen


def all_pairs(n: int) -> IntArray:
    """Return every pair of `n` positions, shape (n (n - 1) / 2, 2), lower first."""
    return np.column_stack(np.triu_indices(n, k=1)).astype(np.int64)


def pairs_within(vectors: FloatArray, km: float) -> IntArray:
    """Return the pairs of points at most `km` apart, shape (P, 2), lower first."""
    pairs = KDTree(vectors).query_pairs(chord_of(km) + SAME, output_type="ndarray")
    ordered = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return pairs[ordered].astype(np.int64)


def count_pairs_within(vectors: FloatArray, km: float) -> int:
    """Count the pairs that :func:`pairs_within` would return."""
    tree = KDTree(vectors)
    return (int(tree.count_neighbors(tree, chord_of(km) + SAME)) - len(vectors)) // 2


def area_vectors(
    starts: FloatArray, ends: FloatArray, owners: IntArray, n: int
) -> FloatArray:
    """Integrate position over the area inside each polygon of the sphere, (n, 3).

    Parameters
    ----------
    starts, ends : ndarray of shape (E, 3)
        Unit vectors of the edges (great-circle arcs), interior on the left.
    owners : ndarray of shape (E,)
        Polygon of each edge, 0 to n - 1.

    Notes
    -----
    The integral of position over a region is half the line integral of r x dr along
    its boundary (Stokes), and along a great-circle arc that is angle times normal.
    Its direction is the centroid of the region.
    """
    normals = np.cross(starts, ends)
    sines = np.sqrt(np.square(normals).sum(axis=1))
    angles = np.arctan2(sines, (starts * ends).sum(axis=1))
    scale = np.divide(angles, sines, out=np.ones_like(sines), where=sines > 0)
    parts = normals * (scale / 2)[:, np.newaxis]
    return np.column_stack(
        [np.bincount(owners, weights=part, minlength=n) for part in parts.T]
    )


def degrees_of(vectors: FloatArray) -> FloatArray:
    """Return longitude and latitude, shape (N, 2), of vectors of any length."""
    x, y, z = vectors.T
    radians = np.column_stack([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    degrees: FloatArray = np.rad2deg(radians)
    return degrees
