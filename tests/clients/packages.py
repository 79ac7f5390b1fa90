"""Makes the zips of functions in memory."""
import io
import zipfile


def zipped(**files):
    """The bytes of a zip; index_py="..." becomes index.py, and everything is executable."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            stem, underscore, extension = name.rpartition("_")
            entry = zipfile.ZipInfo(f"{stem}.{extension}" if underscore else name, (2026, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
    return out.getvalue()
