"""The compiled part of the package; everything else about it stands in setup.cfg."""

from setuptools import Extension, setup

COMPILED = ("app/redirect/server/fast_parser.c", "app/redirect/server/socket_io.c")

setup(
    ext_modules=[
        Extension(
            source.removesuffix(".c").replace("/", "."),
            [source],
            extra_compile_args=["-O3"],
        )
        for source in COMPILED
    ]
)
