"""The words of the Lesson. Braces (psnr, gain, word, control_psnr, numel) are filled in from the recorded run."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("Nothing", "Its colours and layout", "Enough to recognise it", "Almost every pixel")


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title, text: HTML.
        run: the recorded run it shows; show: which of private, update, attacker, control.
        options: the guess, in the order of the verdict's levels; reveal: what is said after it.
        play: whether the attacker's pictures run from noise to the end.
    """

    title: str
    text: str
    run: str | None = None
    show: tuple[str, ...] = ()
    options: tuple[str, ...] | None = None
    reveal: str = ""
    play: bool = False


STEPS = (
    Step(
        'Only the <b class="leaving">update</b> leaves the device',
        "<p>In federated learning a phone or a hospital trains on its own pictures. The pictures stay. What is sent is"
        " the update: for every weight of the network, how it should change.</p><p>Here that is {numel} numbers."
        " Dark means large. Does this look like a cat to you?</p>",
        "2-bare",
        ("private", "update"),
    ),
    Step(
        'What does the <b class="attacker">server</b> see in it?',
        "<p>The server follows the rules, but it is curious. It knows the network, because it sent it out. It gets the"
        " bare update of one picture.</p><p><b>Take a guess: how much of the picture can it rebuild?</b></p>",
        "2-bare",
        ("private", "attacker"),
        LEVELS,
        "{word}: {psnr} dB, where about 35 dB is hardly told from the original.",
    ),
    Step(
        "It asks: which picture would have sent this?",
        "<p>The attacker starts from noise and computes the update that the noise would have caused. It compares that"
        " with the update it received, and changes its picture to make the two agree. Step by step the cat"
        " appears.</p><p>It never looks at the private picture. The likeness in dB is ours, not the attacker's.</p>",
        "1-noise",
        ("private", "attacker"),
        play=True,
    ),
    Step(
        'Now the client adds a little <b class="leaving">noise</b>',
        "<p>The client shortens the update to length 1 and adds noise of 0.001 to each of its {numel} numbers. That"
        " sounds like little, and for training it is.</p><p><b>Take a guess: what is left for the attacker?</b></p>",
        "1-noise",
        ("private", "attacker"),
        LEVELS,
        "{word}: {psnr} dB. A little noise is not a defense.",
    ),
    Step(
        'And a hundred times more <b class="leaving">noise</b>',
        "<p>The same, with noise of 0.1 on each number. The update is now mostly noise; a single one is of little use"
        " to training, but the mean of many clients still is.</p><p><b>Take a guess.</b></p>",
        "4-strong",
        ("private", "attacker"),
        LEVELS,
        "{word}: {psnr} dB. An attack on an update without any information gets {control_psnr} dB.",
    ),
    Step(
        'Leak or guesswork? Ask the <b class="control">control</b>',
        "<p>Some attackers have learned what pictures look like. They return something plausible even when the update"
        " says nothing. So every result here stands beside a control: the same attack on an update without information."
        "</p><p>Only what the attack has over its control came out of the update. Here that is {gain} dB.</p>",
        "1-noise",
        ("attacker", "control"),
    ),
    Step(
        "In practice, and what to do",
        "<p><b>It is hardest to defend</b> one picture per update, a small fresh network, one step.</p>"
        "<p><b>It gets harder for the attacker with</b></p><ul><li>larger batches and many local steps,</li>"
        "<li>trained and deeper networks,</li><li>batch statistics that it isn't told,</li><li>clipping and noise.</li>"
        "</ul><p><b>What protects:</b></p><ul><li>secure aggregation: the server sees sums over many clients only,</li>"
        "<li>differential privacy: clip, then calibrated noise, with its epsilon stated,</li>"
        "<li>sharing less: fewer rounds, larger batches.</li></ul>"
        "<p>This page uses small networks and pictures of 32 x 32 pixels. It shows that updates are not anonymous by"
        " nature; it does not say how likely a leak is in your system.</p>",
    ),
)
