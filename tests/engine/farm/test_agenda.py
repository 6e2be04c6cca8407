"""What is run next: any order that a farm's slots may find."""

from hypothesis import given
from hypothesis import strategies as st

from engine.farm.agenda import REFUSED, Agenda, Step, Task


def steps(*counts):
    """Return a chain of steps with so many tasks each."""
    made = []
    for number, count in enumerate(counts):
        name = f"s{number}"
        tasks = tuple(Task(name, str(index), index + 1) for index in range(count))
        made.append(Step(name, (made[-1].name,) if made else (), tasks))
    return made


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_when_tasks_end_in_any_order_then_steps_wait_and_each_task_is_done_once(
    counts, retries, data
):
    chain = steps(*counts)
    agenda, running, done, failed = Agenda(chain, retries), [], [], {}
    while not agenda.over:
        task = agenda.take() if data.draw(st.booleans()) or not running else None
        if task is not None:
            before = {
                one for step in chain if step.name in _after(chain, task) for one in step.tasks
            }
            assert before <= set(done)
            running.append(task)
        elif running:
            ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
            agenda.heard(ended, data.draw(st.integers(0, 100)))
            if failed.get(ended, 0) < retries and data.draw(st.booleans()):
                failed[ended] = failed.get(ended, 0) + 1
                assert agenda.failed(ended, 1)
            else:
                agenda.succeeded(ended)
                done.append(ended)
    assert agenda.complete
    assert agenda.percent == 100
    assert sorted(map(str, done)) == sorted(str(one) for step in chain for one in step.tasks)


def _after(chain, task):
    return next(step.after for step in chain if step.name == task.step)


def test_when_a_task_fails_for_good_then_what_waits_for_it_is_left_out_and_the_others_go_on():
    first, second = steps(2, 1)
    agenda = Agenda([first, second], retries=1)
    one, other = agenda.take(), agenda.take()
    assert agenda.failed(one, 5)
    assert agenda.take() is one
    assert not agenda.failed(one, 5)
    assert not agenda.over, "the other runs"
    agenda.succeeded(other)
    assert agenda.over
    assert not agenda.complete
    assert agenda.take() is None
    assert agenda.codes == {one: 5}
    assert agenda.left_out == ["s1"]


def test_when_a_task_fails_then_it_comes_first_and_later_steps_are_left_out_too():
    chain = steps(2, 1, 1)
    agenda = Agenda(chain, retries=1)
    one = agenda.take()
    assert agenda.failed(one, 5)
    assert agenda.take() is one
    assert not agenda.failed(one, 5)
    agenda.succeeded(agenda.take())
    assert agenda.over
    assert agenda.left_out == ["s1", "s2"]


def test_when_the_last_task_fails_then_nothing_is_left_and_the_job_is_not_complete():
    agenda = Agenda(steps(1), retries=0)
    assert not agenda.failed(agenda.take(), 5)
    assert agenda.over
    assert not agenda.complete
    assert agenda.left_out == []


def test_when_a_request_is_refused_then_it_is_not_asked_again():
    (step,) = steps(1)
    agenda = Agenda([step], retries=9)
    task = agenda.take()
    assert not agenda.failed(task, REFUSED)
    assert agenda.over


def test_when_running_tasks_tell_of_progress_then_the_whole_job_moves():
    (step,) = steps(2)
    agenda = Agenda([step], retries=0)
    one, other = agenda.take(), agenda.take()
    agenda.heard(one, 50)
    assert agenda.percent == 16, "half of one frame of three"
    agenda.succeeded(one)
    agenda.heard(other, 75)
    assert agenda.percent == 83
