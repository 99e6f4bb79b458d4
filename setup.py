"""The compiled part of the package; everything else about it stands in setup.cfg."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "app.redirect.http.plain",
            ["app/redirect/http/plain.c"],
            extra_compile_args=["-O3"],
        )
    ]
)
