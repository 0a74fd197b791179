"""How good such forecasts have been: the backtest, studies, calibration and our own log."""
