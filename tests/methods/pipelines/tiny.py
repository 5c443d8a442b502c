"""Tiny pipelines of random weights, one of each family, written as diffusers writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from bench.api.seeds import NoiseStreams, derive_seed


def randomise(module: Any, name: str) -> Any:
    """Fill a module's parameters with small numbers that depend on its name alone."""
    for key, weight in module.named_parameters():
        if weight.ndim < 2:
            continue
        noise = NoiseStreams([derive_seed("tiny", name, key)]).uniform(weight.shape)[0]
        weight.data = (noise - 0.5) * 0.2
    return module.eval()


def tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer over single bytes."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    symbols = sorted(ByteLevel.alphabet())
    words = [*symbols, *(f"{symbol}</w>" for symbol in symbols)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: k for k, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(str(folder), local_files_only=True, model_max_length=77)


def text_encoder(name: str = "text", *, projection: bool = False) -> Any:
    """CLIP's text model of width 32."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=514, hidden_size=32, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=32,
        bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )  # fmt: skip
    return randomise((CLIPTextModelWithProjection if projection else CLIPTextModel)(config), name)


def vae(channels: int = 4, **more: object) -> Any:
    """A VAE that halves the sides once."""
    from diffusers import AutoencoderKL

    network = AutoencoderKL(
        block_out_channels=[32, 64], in_channels=3, out_channels=3, latent_channels=channels,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2, **more,
    )  # fmt: skip
    return randomise(network, "vae")


def unet(channels: int, cross: int = 32, **more: object) -> Any:
    """A UNet of two levels."""
    from diffusers import UNet2DConditionModel

    network = UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=16, in_channels=channels,
        out_channels=4, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=cross, **more,
    )  # fmt: skip
    return randomise(network, "unet")


def stable_diffusion(folder: Path, *, channels: int = 9, prediction: str = "epsilon") -> Path:
    """Stable Diffusion 1.5 inpainting (9 channels), or 2 with v_prediction."""
    from diffusers import DDIMScheduler, StableDiffusionInpaintPipeline

    pipeline = StableDiffusionInpaintPipeline(
        vae=vae(), text_encoder=text_encoder(), tokenizer=tokenizer(folder / "words"),
        unet=unet(channels), scheduler=DDIMScheduler(prediction_type=prediction, clip_sample=False),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.save_pretrained(str(folder / "sd"), safe_serialization=True)
    return folder / "sd"


def stable_diffusion_2(folder: Path) -> Path:
    """Stable Diffusion 2 inpainting."""
    return stable_diffusion(folder, prediction="v_prediction")


def text_to_image(folder: Path) -> Path:
    """A network of 4 channels, which no one trained to inpaint."""
    return stable_diffusion(folder, channels=4)


def stable_diffusion_xl(folder: Path) -> Path:
    """Stable Diffusion XL inpainting (9 channels)."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline

    network = unet(
        9, 64, attention_head_dim=(2, 4), use_linear_projection=True,
        addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 2),
        projection_class_embeddings_input_dim=6 * 8 + 32,
    )  # fmt: skip
    words = tokenizer(folder / "words")
    pipeline = StableDiffusionXLInpaintPipeline(
        vae=vae(), text_encoder=text_encoder(), tokenizer=words, unet=network,
        text_encoder_2=text_encoder("text2", projection=True), tokenizer_2=words,
        scheduler=EulerDiscreteScheduler(),
    )  # fmt: skip
    pipeline.save_pretrained(str(folder / "xl"), safe_serialization=True)
    return folder / "xl"


def flux_fill(folder: Path) -> Path:
    """FLUX Fill."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxFillPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel, T5TokenizerFast

    # 8 latents of 2x2 patches beside the noise's, and a mask of 2x2 patches of the VAE's factor.
    transformer = FluxTransformer2DModel(
        patch_size=1, in_channels=8 + 8 + 16, out_channels=8, num_layers=1, num_single_layers=1,
        attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32,
        pooled_projection_dim=32, axes_dims_rope=(4, 4, 8), guidance_embeds=True,
    )  # fmt: skip
    config = T5Config(
        vocab_size=64,
        d_model=32,
        d_kv=8,
        d_ff=37,
        num_layers=1,
        num_heads=4,
        is_encoder_decoder=False,
    )
    letters = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0)]
    letters += [(chr(97 + k), -2.0) for k in range(26)]
    pipeline = FluxFillPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae(2, shift_factor=0.1, scaling_factor=0.5),
        text_encoder=text_encoder(), tokenizer=tokenizer(folder / "words"),
        text_encoder_2=randomise(T5EncoderModel(config), "t5"),
        tokenizer_2=T5TokenizerFast(vocab=letters, extra_ids=0, model_max_length=512),
        transformer=randomise(transformer, "flux"),
    )  # fmt: skip
    pipeline.save_pretrained(str(folder / "flux"), safe_serialization=True)
    return folder / "flux"


FAMILIES: dict[str, Callable[[Path], Path]] = {
    "sd15": stable_diffusion,
    "sd2": stable_diffusion_2,
    "sdxl": stable_diffusion_xl,
    "flux-fill": flux_fill,
    "text-to-image": text_to_image,
}


def level_image(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return four random images with their holes hidden, and the holes."""
    image = NoiseStreams([1, 2, 3, 4]).uniform((3, size, size))
    hole = torch.zeros(4, 1, size, size, dtype=torch.bool)
    hole[:, :, size // 4 : size // 2, size // 4 :] = True
    return image.masked_fill(hole, 0), hole
