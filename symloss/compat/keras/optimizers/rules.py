"""Keras' optimizers as update rules of symloss, with the formulas of Keras 3.

Each rule takes the gradients and a learning rate, and returns new values by shared variable, see `symloss.updates`.
`decay` is taken off first, learning rate times weight decay times the parameter.
"""

import pytensor.tensor as pt

from ....updates import _like, _state, running_mean, without_bias


class State:
    """The parts of a rule: new values by shared variable, and the parameters after the decay.

    Parameters
    ----------
    gradients : dict
        Gradient by parameter.
    rate : scalar
    decay : float or None
    excluded : function of a parameter
        Whether it is spared the decay.
    """

    def __init__(self, gradients: dict, rate, decay, excluded):
        self.updates: dict = {}
        self.gradients, self.rate = gradients, rate
        self.start = {p: p if not decay or excluded(p) else p - p * decay * rate for p in gradients}

    def moved(self, p, name, formula, fill=0.0):
        """Return the new value of a state of a parameter: what `formula` makes of the old one."""
        old = _state(p, name, fill)
        self.updates[old] = formula(old)
        return self.updates[old]

    def step(self):
        """Return the number of this step, from 1."""
        counter = _state(next(iter(self.gradients)), "step", shape=())
        self.updates[counter] = counter + 1
        return self.updates[counter]

    def take(self, p, amount):
        """Take an amount off a parameter."""
        self.updates[p] = self.start[p] - amount

    def finished(self) -> dict:
        """Return the new values in the dtypes of their variables."""
        return {shared: _like(shared, value) for shared, value in self.updates.items()}


def sgd(s: State, momentum, nesterov):
    """p - lr g; with momentum, the velocity m = mu m - lr g is added, with Nesterov's, mu m - lr g."""
    for p, g in s.gradients.items():
        if not momentum:
            s.take(p, s.rate * g)
            continue
        v = s.moved(p, "momentum", lambda m, g=g: momentum * m - s.rate * g)
        s.take(p, s.rate * g - momentum * v if nesterov else -v)


def adam(s: State, beta_1, beta_2, epsilon, amsgrad):
    """p - a m / (sqrt(v) + eps), a = lr sqrt(1 - b2^t) / (1 - b1^t); with amsgrad, the greatest v so far."""
    step = s.step()
    rate = s.rate * pt.sqrt(without_bias(beta_2, step)) / without_bias(beta_1, step)
    for p, g in s.gradients.items():
        m = s.moved(p, "mean", lambda m, g=g: running_mean(m, g, beta_1))
        v = s.moved(p, "mean_square", lambda v, g=g: running_mean(v, pt.sqr(g), beta_2))
        if amsgrad:
            v = s.moved(p, "greatest_mean_square", lambda peak, v=v: pt.maximum(peak, v))
        s.take(p, rate * m / (pt.sqrt(v) + epsilon))


def nadam(s: State, beta_1, beta_2, epsilon):
    """Adam with Nesterov's momentum, which grows with the step (Dozat 2016)."""
    step = s.step()
    product = _state(next(iter(s.gradients)), "momentum_product", 1.0, shape=())
    now, then = (beta_1 * (1 - 0.5 * 0.96 ** (step + i)) for i in (0, 1))
    s.updates[product] = product * now
    past, next_past = s.updates[product], s.updates[product] * then
    for p, g in s.gradients.items():
        m = s.moved(p, "mean", lambda m, g=g: running_mean(m, g, beta_1))
        v = s.moved(p, "mean_square", lambda v, g=g: running_mean(v, pt.sqr(g), beta_2))
        ahead = then * m / (1 - next_past) + (1 - now) * g / (1 - past)
        s.take(p, s.rate * ahead / (pt.sqrt(v / without_bias(beta_2, step)) + epsilon))


def adamax(s: State, beta_1, beta_2, epsilon):
    """p - lr m / ((1 - b1^t) (u + eps)), u = max(b2 u, |g|)."""
    unbiased = without_bias(beta_1, s.step())
    for p, g in s.gradients.items():
        m = s.moved(p, "mean", lambda m, g=g: running_mean(m, g, beta_1))
        u = s.moved(p, "norm", lambda u, g=g: pt.maximum(beta_2 * u, pt.abs(g)))
        s.take(p, s.rate * m / (unbiased * (u + epsilon)))


def rmsprop(s: State, rho, momentum, epsilon, centered):
    """p - lr g / sqrt(E[g^2] + eps); centered, the square of E[g] is taken off; with momentum, a velocity."""
    for p, g in s.gradients.items():
        square = s.moved(p, "mean_square", lambda v, g=g: running_mean(v, pt.sqr(g), rho))
        if centered:
            square = square - pt.sqr(s.moved(p, "mean", lambda m, g=g: running_mean(m, g, rho)))
        step = s.rate * g / pt.sqrt(square + epsilon)
        if momentum:
            step = s.moved(p, "momentum", lambda m, step=step: momentum * m + step)
        s.take(p, step)


def adagrad(s: State, initial_accumulator_value, epsilon):
    """p - lr g / sqrt(sum g^2 + eps), with a sum that starts above 0."""
    for p, g in s.gradients.items():
        total = s.moved(p, "sum_square", lambda v, g=g: v + pt.sqr(g), initial_accumulator_value)
        s.take(p, s.rate * g / pt.sqrt(total + epsilon))


def adadelta(s: State, rho, epsilon):
    """The step is g sqrt(E[step^2] + eps) / sqrt(E[g^2] + eps), times lr."""
    for p, g in s.gradients.items():
        square = s.moved(p, "mean_square", lambda v, g=g: running_mean(v, pt.sqr(g), rho))
        steps = _state(p, "mean_step")
        step = g * pt.sqrt(steps + epsilon) / pt.sqrt(square + epsilon)
        s.updates[steps] = running_mean(steps, pt.sqr(step), rho)
        s.take(p, s.rate * step)


def lion(s: State, beta_1, beta_2):
    """p - lr sign(b1 m + (1 - b1) g) (Chen et al. 2023)."""
    for p, g in s.gradients.items():
        m = _state(p, "mean")
        s.take(p, s.rate * pt.sign(running_mean(m, g, beta_1)))
        s.updates[m] = running_mean(m, g, beta_2)


def ftrl(s: State, power, start, l1, l2, shrinkage, beta):
    """Follow the regularized leader (McMahan et al. 2013)."""
    for p, g in s.gradients.items():
        before, total, linear = s.start[p], _state(p, "sum_square", start), _state(p, "linear")
        new = total + pt.sqr(g)
        roots = (new**-power - total**-power) / s.rate
        moved = linear + g + 2 * shrinkage * before - roots * before
        quadratic = new**-power / s.rate + 2 * (l2 + beta / (2 * s.rate))
        s.updates |= {total: new, linear: moved}
        s.updates[p] = (pt.clip(moved, -l1, l1) - moved) / quadratic


def adafactor(s: State, beta_2_decay, epsilon_1, epsilon_2, clip_threshold, relative_step):
    """Adam with second moments by row and column only (Shazeer & Stern 2018)."""
    step = s.step()
    rate = pt.minimum(s.rate, 1 / pt.sqrt(step)) if relative_step else s.rate
    beta = 1 - step**beta_2_decay
    for p, g in s.gradients.items():
        shape, squares = p.type.shape, pt.sqr(g) + epsilon_1
        size = pt.maximum(epsilon_2, _root_mean(p)) * rate
        if len(shape) < 2:
            v = s.moved(p, "mean_square", lambda v, q=squares: running_mean(v, q, beta))
            ahead = g / pt.sqrt(v)
        else:
            rows, columns = (_state(p, name, shape=kept) for name, kept in (("rows", shape[:-1]),
                                                                           ("columns", (*shape[:-2], shape[-1]))))
            s.updates[rows] = running_mean(rows, squares.mean(axis=-1), beta)
            s.updates[columns] = running_mean(columns, squares.mean(axis=-2), beta)
            r = s.updates[rows] / s.updates[rows].mean(axis=-1, keepdims=True)
            ahead = g / pt.sqrt(r[..., None] * s.updates[columns][..., None, :])
        s.take(p, size * ahead / pt.maximum(1, _root_mean(ahead) / clip_threshold))


def _root_mean(x):
    return pt.sqrt(pt.sqr(x).mean())


def as_rule(formula, numbers: tuple, decay, excluded):
    """Return an update rule of symloss that applies one of these formulas; its learning rate may be set."""

    def rule(gradients, *, learning_rate=0.001):
        state = State(gradients, learning_rate, decay, excluded)
        formula(state, *numbers)
        return state.finished()

    rule.__name__ = formula.__name__
    return rule
