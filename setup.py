"""The compiled part of the package; everything else about it stands in setup.cfg."""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            f"app.redirect.http.{name}",
            [f"app/redirect/http/{name}.c"],
            extra_compile_args=["-O3"],
        )
        for name in ("plain", "transfer")
    ]
)
