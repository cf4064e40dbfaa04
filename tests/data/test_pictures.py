"""Pictures in, tensors out: right pixels, or one clear sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.transform import resize as skimage_resize

from gi_core.data.datasets import dataset
from gi_core.data.pictures import check_batch, read, recolour, resize
from gi_core.data.samples import PUBLIC, SAMPLES, public_crops, sample, samples
from gi_core.data.sources import open_picture
from gi_core.errors import BadInput


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def smooth(height, width):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x / width, 255 * y / height, 0 * x + 128], -1).astype(np.uint8)


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width, height, *chunks):
    """A valid PNG of black 1-bit pixels, compressed row by row."""
    packer, row = zlib.compressobj(9), bytes(1 + (width + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*c) for c in body)


JPEG = encoded(Image.fromarray(smooth(300, 300)), "JPEG", quality=95)
SVG = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect/></svg>"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
REFUSED = {
    "png of 20,000 x 20,000": (lambda: png_of(20_000, 20_000), "megapixels"),
    "png that PIL only warns of": (lambda: png_of(10_000, 10_000), "megapixels"),
    "png above our own limit": (lambda: png_of(4_000, 4_000), "16 megapixels"),
    "png with a text bomb": (
        lambda: png_of(8, 8, (b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9))),
        "damaged|not a picture",
    ),
    "too many bytes": (lambda: encoded(Image.fromarray(noise(1500, 1500)), "BMP"), "6.8 MB: at most 5"),
    "truncated jpeg": (lambda: JPEG[: len(JPEG) // 2], "damaged"),
    "truncated png": (lambda: encoded(Image.fromarray(noise(64, 64)), "PNG")[:5000], "damaged"),
    "jpeg header only": (lambda: JPEG[:12], "not a picture"),
    "png with a broken checksum": (lambda: png_of(8, 8).replace(b"IDAT", b"IDAT\x01", 1), "damaged|not a picture"),
    "svg": (lambda: SVG, "SVG"),
    "svg with a byte-order mark": (lambda: b"\xef\xbb\xbf  " + SVG, "SVG"),
    "heic": (lambda: HEIC, "HEIC"),
    "text": (lambda: b"just words, renamed to .png\n", "not a picture"),
    "nothing": (lambda: b"", "not a picture"),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "pickle": (lambda: b"\x80\x04\x95\x0b\x00\x00\x00.", "not a picture"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("by_path", [False, True])
def test_hostile_pictures_get_one_clear_sentence(name, by_path, tmp_path, recwarn):
    make, words = REFUSED[name]
    source = make()
    if by_path:
        (tmp_path / "x.png").write_bytes(source)
        source = tmp_path / "x.png"
    with pytest.raises(BadInput, match=words) as refusal:
        read(source, 32, 3)
    sentence = str(refusal.value)
    assert "\n" not in sentence
    assert len(sentence) < 200
    assert sentence.startswith("'x.png'" if by_path else "the picture")
    assert not recwarn.list


def test_no_pixel_of_a_bomb_is_decoded(monkeypatch):
    bomb = png_of(20_000, 20_000)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(BadInput):
        read(bomb, 32, 3)


@pytest.mark.parametrize("path", ["missing.png", ".", "nul\0byte", "x" * 5000])
def test_paths_that_hold_no_picture(path):
    with pytest.raises(BadInput, match="no readable picture"):
        open_picture(path, 32, 3)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_come_back_exactly(kind, tmp_path):
    pixels = noise(32, 32) if kind != "GIF" else np.repeat(noise(32, 32)[..., :1] // 64 * 64, 3, axis=2)
    content = encoded(Image.fromarray(pixels), kind)
    expected = torch.from_numpy(pixels).movedim(-1, 0) / 255
    (tmp_path / "a").write_bytes(content)
    for source in (content, tmp_path / "a", str(tmp_path / "a"), Image.fromarray(pixels), pixels):
        got = open_picture(source, 32, 3)
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-7)


def test_jpeg_and_webp_are_near():
    for kind in ("JPEG", "WEBP"):
        got = read(encoded(Image.fromarray(smooth(32, 32)), kind, quality=95), 32, 3)
        assert (got - torch.from_numpy(smooth(32, 32)).movedim(-1, 0) / 255).abs().max() < 0.05


def test_animated_gif_gives_its_first_frame():
    frames = [Image.new("RGB", (32, 32), c) for c in ("red", "lime", "blue")]
    got = read(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), 32, 3)
    torch.testing.assert_close(got.mean((1, 2)), torch.tensor([1.0, 0.0, 0.0]))


def test_cmyk_jpeg_keeps_its_colours():
    colour = Image.new("RGB", (64, 64), (200, 40, 90)).convert("CMYK")
    got = read(encoded(colour, "JPEG", quality=98), 32, 3)
    assert (got.mean((1, 2)) * 255 - torch.tensor([200.0, 40.0, 90.0])).abs().max() < 4


def test_16_bit_png_uses_its_full_range():
    ramp = np.linspace(0, 65535, 32 * 32).reshape(32, 32).astype(np.uint16)
    content = encoded(Image.fromarray(ramp), "PNG")
    got = read(content, 32, 1)
    torch.testing.assert_close(got[0], torch.from_numpy(ramp.astype(np.float32) / 65535), rtol=0, atol=1e-6)
    torch.testing.assert_close(read(content, 32, 3)[2], got[0])


def test_one_bit_and_grey_pictures():
    bits = noise(32, 32, 1)[..., 0] > 127
    torch.testing.assert_close(read(encoded(Image.fromarray(bits), "PNG"), 32, 1)[0], torch.from_numpy(bits).float())
    grey = noise(32, 32, 1)[..., 0]
    got = read(encoded(Image.fromarray(grey), "PNG"), 32, 3)
    torch.testing.assert_close(got, (torch.from_numpy(grey) / 255).expand(3, -1, -1))


def test_transparency_is_laid_on_white():
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[..., 0], rgba[16:, :, 3], rgba[:8, :, 3] = 255, 255, 128
    expected = torch.from_numpy(rgba[..., :3] / 255 * rgba[..., 3:] / 255 + 1 - rgba[..., 3:] / 255).movedim(-1, 0)
    for source in (encoded(Image.fromarray(rgba), "PNG"), rgba, rgba / 255):
        torch.testing.assert_close(read(source, 32, 3).double(), expected.double(), atol=1e-6, rtol=0)
    grey = Image.fromarray(rgba).convert("LA")
    assert bool((read(encoded(grey, "PNG"), 32, 1)[0, 8:16] == 1).all())


def test_palette_with_transparency():
    image = Image.new("P", (32, 32), 0)
    image.putpalette([255, 0, 0, 0, 0, 255] + [0] * 762)
    image.paste(1, (0, 16, 32, 32))
    got = read(encoded(image, "PNG", transparency=0), 32, 3)
    torch.testing.assert_close(got[:, 0, 0], torch.ones(3))
    torch.testing.assert_close(got[:, 31, 0], torch.tensor([0.0, 0.0, 1.0]))


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_orientation_is_applied_and_the_place_forgotten(orientation, turns):
    pixels = smooth(48, 48)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    got = read(encoded(Image.fromarray(pixels), "PNG", exif=exif), 48, 3)
    expected = torch.from_numpy(np.rot90(pixels, turns).copy()).movedim(-1, 0) / 255
    torch.testing.assert_close(got, expected)
    assert type(got) is torch.Tensor


def test_centre_crop():
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    assert bool((read(wide, 10, 3) == 1).all())
    assert bool((read(wide.transpose(1, 0, 2), 10, 3) == 1).all())


def test_shrinking_is_antialiased():
    """A one-pixel checkerboard turns grey, and a photograph agrees with scikit-image's filtered resize."""
    board = (np.indices((256, 256)).sum(0) % 2 * 255).astype(np.uint8)
    got = read(board, 32, 1)
    assert (got - 0.5).abs().max() < 0.02
    photograph = sample("cat", 300, 3)
    reference = skimage_resize(photograph.movedim(0, -1).numpy(), (32, 32), order=1, anti_aliasing=True)
    assert (resize(photograph, 32) - torch.from_numpy(reference).movedim(-1, 0)).square().mean() < 10 ** (-30 / 10)


def test_results_stay_in_range_after_scaling():
    edge = np.zeros((50, 50, 3), np.uint8)
    edge[:, 25:] = 255
    for size in (16, 32, 100):
        got = read(edge, size, 3)
        assert got.shape == (3, size, size)
        assert 0 <= float(got.min()) <= float(got.max()) <= 1


def test_luma():
    rgb = torch.tensor([1.0, 0.5, 0.25]).view(3, 1, 1)
    torch.testing.assert_close(recolour(rgb, 1), torch.tensor([[[0.299 + 0.2935 + 0.0285]]]))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((4, 4, 3), np.nan), "NaN"),
        (np.full((4, 4), np.inf), "NaN or infinite"),
        (np.full((4, 4), 1.5), "from 1.5 to 1.5"),
        (np.full((4, 4), -0.1), "from -0.1"),
        (np.zeros((4, 4, 2)), "shape"),
        (np.zeros((0, 4, 3)), "shape"),
        (np.zeros(7), "shape"),
        (np.zeros((4, 4), np.int64), "int64"),
        (np.zeros((4, 4), np.complex64), "complex64"),
        (np.zeros((5000, 5000), np.uint8), "megapixels"),
        (torch.full((3, 4, 4), float("nan")), "NaN"),
        (torch.full((3, 4, 4), 2.0), "from 2 to 2"),
    ],
)
def test_arrays_refused(array, words):
    with pytest.raises(BadInput, match=words):
        read(array, 4, 3)


def test_tensors_are_taken_as_they_are():
    x = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(read(x, 8, 3), x)


def test_check_batch():
    x = torch.rand(2, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    got = check_batch(x, 2, (3, 8, 8))
    assert got.dtype == torch.float32
    assert not got.requires_grad
    for bad, words in [
        (x[:1], r"\(1, 3, 8, 8\)"), (x[0], "needs"), (torch.zeros(2, 3, 8, 8, dtype=torch.uint8), "uint8"),
        (np.zeros((2, 3, 8, 8)), "ndarray"), (x * float("nan"), "NaN"), (x + 1, "from 1"), (None, "NoneType"),
    ]:  # fmt: skip
        with pytest.raises(BadInput, match=words):
            check_batch(bad, 2, (3, 8, 8))


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name):
    assert all((samples()[name].title, samples()[name].licence, samples()[name].source))
    for size, channels in ((32, 3), (28, 1)):
        x = open_picture(name, size, channels)
        assert x.shape == (channels, size, size)
        assert 0 <= float(x.min()) < float(x.max()) <= 1
        assert float(x.std()) > 0.02
        x.zero_()
        assert float(open_picture(name, size, channels).max()) > 0  # the cache is not the caller's


def test_unknown_sample():
    with pytest.raises(BadInput, match="allowed are cat"):
        sample("dog", 32, 3)


def test_public_crops():
    crops = public_crops(12, 32, 3, seed=5)
    assert crops.shape == (12, 3, 32, 32)
    assert torch.equal(crops, public_crops(12, 32, 3, seed=5))
    assert torch.equal(crops[:7], public_crops(7, 32, 3, seed=5))
    assert not torch.equal(crops, public_crops(12, 32, 3, seed=6))
    assert public_crops(2, 300, 1, seed=0).shape == (2, 1, 300, 300)
    assert public_crops(1, 600, 3, seed=0).shape == (1, 3, 600, 600)
    assert not set(PUBLIC) & set(SAMPLES)
    assert len({tuple(c.flatten().tolist()) for c in crops}) == 12


def write_mnist(root, count):
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    pixels = noise(count * 28, 28, 1).reshape(count, 28, 28)
    for part in ("train", "t10k"):
        header = struct.pack(">IIII", 2051, count, 28, 28)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 2049, count) + bytes(range(count)))
    return pixels


def test_data_set_under_a_named_root(tmp_path):
    pixels = write_mnist(tmp_path, 5)
    data = dataset("mnist", tmp_path, "test")
    assert len(data) == 5
    assert data[3][1] == 3
    got = open_picture(f"mnist:root={tmp_path},index=3,split=test", 28, 1)
    torch.testing.assert_close(got[0], torch.from_numpy(pixels[3]) / 255)
    for rest in ("index=9", "index=-1", "shard=1", "split=val"):
        with pytest.raises(BadInput):
            open_picture(f"mnist:root={tmp_path},{rest}", 28, 1)


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "mnist", "fashion-mnist"])
def test_data_sets_are_never_downloaded_unasked(name, tmp_path):
    with pytest.raises(BadInput, match="ask for a download"):
        dataset(name, tmp_path)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_unknown_data_set(tmp_path):
    with pytest.raises(BadInput, match="allowed are cifar10"):
        dataset("imagenet", tmp_path)
