"""`BEL` and `MoBEL`: brain emotional learning as scikit-learn classifiers, which know nothing of emotions.

A unit has two parts that see the same input p: an amygdala that learns fast what is rewarded and never unlearns it, and
an orbitofrontal cortex that learns to hold the amygdala's answer back where it is wrong.

Source: "Fusion of deep learning features with mixture of brain emotional learning for audio-visual emotion
recognition", report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021. One unit with the input
p (n values) and p_th = max(p)::

    e_a = sum_j v_j p_j + v_th p_th        Δv = -γ v + α p max(0, t - f(e_a))
    e_o = sum_j w_j p_j                    Δw = β p (E - t)
    E   = f(f(e_a) - f(e_o)),  f = tanh    error: sum ||t - E||²

A mixture has several experts E_i of this form and a gate g_i for each, which is a unit of this form too::

    h_i = g_i exp(-½ ||t - E_i||²) / sum_j g_j exp(-½ ||t - E_j||²)        y = sum_i g_i E_i
    Δv_g = -γ v_g + α_g p max(0, h_i - f(e_a))                             Δw_g = β_g p (g_i - h_i)

Text and code of the report differ in places. What we decided:

- One output a class with targets +0.8 and -0.8, inside tanh's range; the report codes six classes as one number.
- The gates are made positive and to sum to one: g_i = (1 + u_i) / sum_j (1 + u_j) for the units' answers u; tanh alone
  would give negative ones. The code crosses the gates (E1·G2 + E2·G1) and drops the exponential in h; we follow the
  equations.
- v_th has no rule of its own and the code holds it at 0.01: fixed here, and learned like v, with p_th for p, as an
  option.
- The amygdala learns from f(e_a) as in the text, where the code's experts take the rectified e_a; max(0, ·) is kept,
  as not to unlearn is the point of the model.
- Experts learn as a unit alone does, as in the equations; weighting what they learn by h_i, as mixtures of experts
  usually do (Jacobs et al., Neural Computation 3(1), 1991), is an option.
- Experts that start alike stay alike: each starts from its own small random weights.
- The input is standardised inside and divided by 3. An amygdala that sees positive inputs alone can only grow, and the
  error rises; centred, a large input of the other sign takes it back.
- A batch takes the mean of its rows' steps; `batch_size=1` is the equations word by word. The weights of the epoch with
  the least error on the training rows are kept.
"""

from visavox.errors import require

require("train", "sklearn", what="visavox.bel")

from visavox.bel.classifiers import BEL, MoBEL  # noqa: E402 - only now is it known that scikit-learn is there

__all__ = ["BEL", "MoBEL"]
