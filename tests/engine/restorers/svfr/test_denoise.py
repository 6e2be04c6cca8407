import pytest
import torch
from diffusers import EulerDiscreteScheduler
from hypothesis import given
from hypothesis import strategies as st

from engine.restorers.svfr.attention import NOTHING
from engine.restorers.svfr.denoise import Conditions, denoise, euler, guidance, schedule
from engine.restorers.svfr.networks import euler_scheduler
from engine.restorers.svfr.sizes import SchedulerSizes
from plugin_host.errors import JobCancelled, SettingsError
from tests.engine.restorers.svfr.tiny import normal

SCHEDULER = euler_scheduler(SchedulerSizes())


class Answers:
    """Stands in for the UNet: each frame's answer follows from the frame alone."""

    def __init__(self):
        self.seen = []

    def __call__(self, latents, plate, rows, timestep, _task):
        self.seen.append((latents.shape[:-3], float(timestep)))
        return [plate + index + 0 * latents for index, _ in enumerate(rows)]


def conditions(count, rows=2, steps=4):
    levels = schedule(SCHEDULER, steps)
    plate = normal(count, 4, 2, 2)
    return Conditions(plate, (NOTHING,) * rows, guidance(levels, 2, 3), torch.ones(3)), levels


def test_when_the_schedule_is_made_then_it_begins_at_seven_hundred_and_ends_at_nothing():
    levels = schedule(SCHEDULER, 30)
    assert len(levels) == 30
    assert levels.sigmas[[0, 29, 30]].tolist() == pytest.approx([700, 0.002, 0])
    torch.testing.assert_close(levels.timesteps, 0.25 * levels.sigmas[:-1].log())


@given(st.integers(1, 60), st.floats(0.001, 1))
def test_when_less_strength_is_asked_for_then_the_last_steps_are_kept(steps, strength):
    levels, every = schedule(SCHEDULER, steps, strength), schedule(SCHEDULER, steps)
    assert len(levels) == max(int(steps * strength), 1)
    assert torch.equal(levels.sigmas, every.sigmas[-len(levels) - 1 :])
    assert torch.equal(levels.timesteps, every.timesteps[-len(levels) :])


def test_when_there_is_no_step_then_it_is_refused():
    with pytest.raises(SettingsError, match="at least 1"):
        schedule(SCHEDULER, 0)


def test_when_a_step_is_made_then_it_is_the_libraries():
    scheduler = EulerDiscreteScheduler(**SchedulerSizes().config())
    scheduler.alphas_cumprod = scheduler.alphas_cumprod.numpy()
    scheduler.set_timesteps(5)
    latents, velocity = 30 * normal(2, 4, 3, 3), normal(2, 4, 3, 3, seed=1)
    for index, time in enumerate(scheduler.timesteps):
        scaled = scheduler.scale_model_input(latents, time)
        sigma, following = scheduler.sigmas[index], scheduler.sigmas[index + 1]
        ours = euler(latents, velocity, sigma, following)
        torch.testing.assert_close(scaled, latents / (sigma**2 + 1) ** 0.5)
        latents = scheduler.step(velocity, time, latents).prev_sample
        assert torch.equal(ours, latents)


def test_when_frames_do_not_see_each_other_then_windows_leave_no_trace():
    asked, levels = conditions(11)
    noise = 700 * normal(11, 4, 2, 2, seed=5)
    whole = denoise(Answers(), noise, asked, levels, windows=(11, 0))
    for windows in ((6, 2), (4, 3), (16, 3), (1, 0)):
        answers = Answers()
        made = denoise(answers, noise, asked, levels, windows=windows)
        torch.testing.assert_close(made, whole, atol=1e-3, rtol=1e-4)
        assert {shape for shape, _ in answers.seen} == {(1, windows[0])}
        answers = Answers()
        together = denoise(answers, noise, asked, levels, windows=windows, at_once=2)
        torch.testing.assert_close(together, made)
        several = {shape for shape, _ in answers.seen}
        assert several >= ({(2, windows[0])} if windows[0] < 11 else {(1, 16)})


def test_when_there_are_two_rows_then_guidance_leads_from_the_first_to_the_second():
    noise = normal(3, 4, 2, 2, seed=5)
    asked, levels = conditions(3)
    made = denoise(Answers(), noise, asked, levels, windows=(3, 0))
    alone = Conditions(asked.plate + 1, (NOTHING,), asked.guidance, asked.task)
    # The second row's answer is one more than the first's.
    away = denoise(Answers(), noise, alone, levels, windows=(3, 0))
    assert (made - away).abs().min() > 0.1
    level = Conditions(asked.plate, asked.rows, (1,) * 4, asked.task)
    torch.testing.assert_close(
        denoise(Answers(), noise, level, levels, windows=(3, 0)), away, atol=1e-4, rtol=1e-4
    )


def test_when_windows_overlap_then_frames_in_their_midst_count_more():
    places = torch.arange(4.0).view(1, -1, 1, 1, 1)
    asked, levels = conditions(6, rows=1, steps=1)
    made = denoise(
        lambda latents, *_: [places.expand_as(latents)],
        torch.zeros(6, 4, 2, 2),
        asked,
        levels,
        windows=(4, 2),
    )
    # Windows 0123, 2345, 4501 weigh their places 1, 2, 2, 1.
    blend = torch.tensor([(0 + 2 * 2) / 3, (2 * 1 + 3) / 3] * 3).view(-1, 1, 1, 1)
    slope = euler(torch.zeros(1), torch.ones(1), levels.sigmas[0], levels.sigmas[1])
    torch.testing.assert_close(made, (slope * blend).expand_as(made))


def test_when_guidance_rises_then_each_step_has_its_own():
    noise = normal(3, 4, 2, 2, seed=5)
    asked, levels = conditions(3, steps=2)
    made = {
        pair: denoise(
            Answers(),
            noise,
            Conditions(asked.plate, asked.rows, pair, asked.task),
            levels,
            windows=(3, 0),
        )
        for pair in ((2, 2), (2, 3))
    }
    assert not torch.equal(made[2, 2], made[2, 3])


def test_when_the_watch_says_stop_then_no_step_follows():
    asked, levels = conditions(3)
    answers = Answers()

    def watch(index, count):
        assert count == 4
        if index == 2:
            raise JobCancelled("stop")

    with pytest.raises(JobCancelled):
        denoise(answers, normal(3, 4, 2, 2), asked, levels, windows=(3, 0), watch=watch)
    assert len(answers.seen) == 2
