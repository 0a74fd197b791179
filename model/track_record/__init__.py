"""The quality of past forecasts: the backtest, studies, calibration and the log of published forecasts."""
