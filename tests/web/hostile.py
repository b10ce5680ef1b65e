"""Uploads that no server should take: what they are called, and their bytes."""

import io
import os
import pickle
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

TOML = b"[recording]\nframe_rate_hz = 30\ndepth_scale = 0.001\n[camera]\nfx = 60\nfy = 60\n"


def packed(files: Mapping[str, bytes], *, mode: int = 0o644, flags: int = 0) -> bytes:
    """A .zip of these files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    made = bytearray(content.getvalue())
    if flags:
        made[6:8] = struct.pack("<H", flags)
        at = made.index(b"PK\x01\x02")
        made[at + 8 : at + 10] = struct.pack("<H", flags)
    return bytes(made)


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A 16-bit gray PNG of that size, whatever its content."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class Runs:
    """Its pickle asks whoever reads it to run a program."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def huge_array() -> bytes:
    """The header of a .npy file that says that it holds terabytes, and nothing behind it."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**3, 10**3)})
    text = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def exr(width: int, height: int, flags: int = 0) -> bytes:
    """The header of an EXR image of that size, and no pixels behind it."""
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attribute = b"dataWindow\0box2i\0" + struct.pack("<I", len(window)) + window
    return b"\x76\x2f\x31\x01" + struct.pack("<I", 2 | flags) + attribute + b"\0"


def folder_with(**files: bytes) -> bytes:
    """A recording folder, with one file in place of what belongs there."""
    return packed({"r/recording.toml": TOML, **{f"r/{k}": v for k, v in files.items()}})


def uploads() -> dict[str, tuple[str, bytes]]:
    """What is wrong -> name and content."""
    hdf5, matroska = b"\x89HDF\r\n\x1a\n" + bytes(2000), b"\x1a\x45\xdf\xa3" + bytes(2000)
    avi = b"RIFF" + bytes(4) + b"AVI LIST" + bytes(4) + b"hdrlavih" + bytes(36)
    pickled = pickle.dumps({"a": 1})
    return {
        "zip leads outside": ("a.zip", packed({"../../evil.toml": TOML})),
        "zip with an absolute name": ("a.zip", packed({"/evil.toml": TOML})),
        "zip with a drive": ("a.zip", packed({"C:\\evil.toml": TOML})),
        "zip with a link": ("a.zip", packed({"r/depth": b"/etc"}, mode=stat.S_IFLNK | 0o777)),
        "zip with a device": ("a.zip", packed({"r/a.toml": b""}, mode=stat.S_IFCHR | 0o666)),
        "zip bomb": ("a.zip", packed({"r/recording.toml": bytes(40 * 2**20)})),
        "zip with many files": ("a.zip", packed({f"r/{i}.toml": b"" for i in range(60)})),
        "zip that is encrypted": ("a.zip", packed({"r/recording.toml": TOML}, flags=1)),
        "zip cut short": ("a.zip", packed({"r/recording.toml": TOML})[:60]),
        "no zip": ("a.zip", b"hello" * 100),
        "zip of nothing": ("a.zip", packed({})),
        "file that is a folder too": ("a.zip", packed({"r": b"", "r/recording.toml": TOML})),
        "giant image": ("a.zip", folder_with(**{"depth/0.png": png(60000, 60000)})),
        "image without rows": ("a.zip", folder_with(**{"depth/0.png": png(64, 48)})),
        "image that is none": ("a.zip", folder_with(**{"depth/0.png": b"GIF89a" * 9})),
        "image without pixels": ("a.zip", folder_with(**{"depth/0.pfm": b"Pf\n64 48\n-1\n"})),
        "giant PFM": ("a.zip", folder_with(**{"depth/0.pfm": b"Pf\n60000 60000\n-1\n"})),
        "giant EXR": ("a.zip", folder_with(**{"depth/0.exr": exr(60000, 60000)})),
        "EXR turned over": ("a.zip", folder_with(**{"depth/0.exr": exr(-60000, -60000)})),
        "EXR of several parts": ("a.zip", folder_with(**{"depth/0.exr": exr(64, 48, 0x1000)})),
        "EXR cut short": ("a.zip", folder_with(**{"depth/0.exr": exr(64, 48)[:24]})),
        "frames larger than memory": ("a.zip", folder_with(**{"depth.npy": huge_array()})),
        "pickle as frames": ("a.zip", folder_with(**{"depth.npy": pickled})),
        "list of other folders": ("a.zip", folder_with(**{"skelflow-roots.txt": b"/etc\n"})),
        "list that leads outside": (
            "a.zip",
            packed({"r/depth.txt": b"0.0 ../../../../../../etc/passwd\n"}),
        ),
        "JSON without an end": ("a01_s01_e00_v01.json", b"[" * 20000),
        "JSON of something else": ("a01_s01_e00_v01.json", b'{"skeletons": [1, 2]}'),
        "unknown file": ("a.zip", folder_with(**{"run.sh": b"#!/bin/sh\n"})),
        "pickle as text": ("a.zip", folder_with(**{"skeleton.csv": pickled + b"\0"})),
        "deep text": ("a.zip", packed({"r/recording.toml": b"a = " + b"[" * 20000})),
        "text without an end": ("a.zip", packed({"r/recording.toml": b'a = "' + b"x" * 9999})),
        "HDF5 as MATLAB": ("a1_s1_t1_depth.mat", hdf5),
        "pickle as MATLAB": ("a1_s1_t1_depth.mat", pickled * 50),
        "MATLAB cut short": ("a1_s1_t1_depth.mat", b"MATLAB 5.0 MAT-file".ljust(128) + bytes(99)),
        "Matroska as AVI": ("S001C001P001R001A001_rgb.avi", matroska),
        "AVI of giant frames": (
            "S001C001P001R001A001_rgb.avi",
            avi + struct.pack("<II", 60000, 60000) + bytes(500),
        ),
        "text as Matroska": ("a.mkv", b"hello" * 100),
        "Matroska of nothing": ("a.mkv", matroska),
        "text as a bag": ("a.bag", b"hello" * 100),
        "bag of nothing": ("a.bag", b"#ROSBAG V2.0\n" + bytes(500)),
        "text as a database": ("a.db3", b"hello" * 100),
        "database of nothing": ("a.db3", b"SQLite format 3\0" + bytes(500)),
        "MCAP of nothing": ("a.mcap", b"\x89MCAP0\r\n" + bytes(500)),
        "arrays beside a script": ("a.npz", packed({"depth.npy": b"", "run.py": b"print()"})),
        "array larger than memory": ("a.npz", packed({"depth.npy": huge_array()})),
        "pickle that runs a program": ("a.pkl", pickle.dumps(Runs())),
        "pickle that fills the memory": ("a.pkl", pickle.dumps({"annotations": 1})[:-1] + b"2" * 9),
        "text as a pickle": ("a.pkl", b"cos\nsystem\n(S'true'\ntR."),
        "skeleton that is none": ("S001C001P001R001A001.skeleton", b"9" * 5000),
    }
