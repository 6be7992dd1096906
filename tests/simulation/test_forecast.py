"""What the errors of the forecast of volatility are beside others."""

from simulation.forecast_errors import CONSTANT, FORMULA, SCENARIOS, WINDOW, measure


def test_errors_when_volatility_comes_in_clusters_then_less_than_of_a_constant_else_more() -> None:
    said: list[str] = []
    clusters, _, _, _, steady = SCENARIOS
    measured = measure(1, 1, 1, said.append, (clusters, steady))
    means = {
        name: {forecaster: errors.means() for forecaster, errors in rows["10 minutes"].items()}
        for name, rows in measured.table.items()
    }
    for other in (CONSTANT, WINDOW):
        assert means[clusters.name][FORMULA]["qlike"] < means[clusters.name][other]["qlike"]
        assert means[steady.name][FORMULA]["qlike"] > means[steady.name][other]["qlike"]
    assert len(said) == 2
    assert measured.picture is not None
    following = measured.margins[clusters.name].rates()
    assert following["beyond_following_ppm"] <= following["beyond_mean_ppm"]
    assert 1 < following["mean_factor"] < 3
    assert len(measured.picture.realised) == len(measured.picture.forecasts[FORMULA]) > 100
