"""The registry of metrics: name -> "pkg.mod:Class", strings only."""

METRICS: dict[str, str] = {
    "l1": "bench.metrics.pixels:L1",
    "l1_hole": "bench.metrics.pixels:L1Hole",
    "psnr": "bench.metrics.pixels:PSNR",
    "psnr_hole": "bench.metrics.pixels:PSNRHole",
    "ssim": "bench.metrics.ssim:SSIM",
    "lpips": "bench.metrics.lpips:LPIPS",
    "lpips_vgg": "bench.metrics.lpips:LPIPSVGG",
    "lpips_up64": "bench.metrics.lpips:LPIPSUp64",
    "lpips_hole": "bench.metrics.lpips:LPIPSHole",
    "fid": "bench.metrics.fid:FID",
    "kid": "bench.metrics.kid:KID",
    "p_ids": "bench.metrics.ids:PIDS",
    "u_ids": "bench.metrics.ids:UIDS",
    "diversity": "bench.metrics.diversity:Diversity",
}
