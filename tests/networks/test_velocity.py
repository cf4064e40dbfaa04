import torch

from gi_core.networks.flow import per_image
from gi_core.networks.velocity import DATA_STD, VelocityNet


def small() -> VelocityNet:
    torch.manual_seed(0)
    return VelocityNet((3, 8, 8), width=16, depth=1)


def test_a_fresh_network_is_the_best_linear_guess() -> None:
    """White data of deviation d: v = ((t d^2 - (1-t)) / s^2) z_t, from the covariances of (z - e) and z_t."""
    net, generator = small(), torch.Generator().manual_seed(0)
    z = DATA_STD * torch.randn(4000, 3, 8, 8, generator=generator)
    noise = torch.randn(z.shape, generator=generator)
    t = per_image(0.7, z)
    z_t = t * z + (1 - t) * noise
    slope = ((z - noise) * z_t).mean() / z_t.square().mean()
    torch.testing.assert_close(net.velocity(z_t[:4], t[:4]), slope * z_t[:4], rtol=0.05, atol=0)


def test_it_learns_a_picture_at_every_time() -> None:
    """Data that is one picture: the velocity is known, v = (z - z_t) / (1 - t)."""
    net = small()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    z = (torch.rand(1, 3, 8, 8) * 2 - 1).expand(8, -1, -1, -1)

    def loss() -> torch.Tensor:
        t, noise = torch.rand(8, 1, 1, 1), torch.randn(8, 3, 8, 8)
        return (net.velocity(t * z + (1 - t) * noise, t) - (z - noise)).square().mean()

    with torch.no_grad():
        before = sum(float(loss()) for _ in range(10))
    for _ in range(80):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    with torch.no_grad():
        after = sum(float(loss()) for _ in range(10))
        guess = net.denoise(torch.randn(8, 3, 8, 8), per_image(0.0, z))
    assert after < 0.5 * before
    assert (guess - z).square().mean() < 0.1 * z.square().mean()


def test_it_can_be_differentiated_twice() -> None:
    net = small()
    torch.nn.init.normal_(net.last[-1].weight)
    z = torch.rand(2, 3, 8, 8, requires_grad=True)
    (first,) = torch.autograd.grad(net.velocity(z, per_image(0.5, z)).square().sum(), z, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), z)
    assert second.isfinite().all()
    assert second.norm() > 0


def test_the_shipped_size_stays_small() -> None:
    assert sum(p.numel() for p in VelocityNet().parameters()) < 3_000_000
