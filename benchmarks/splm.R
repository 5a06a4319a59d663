# Time splm's spatial Durbin panel with both effects; bench_spatial.py calls this.
#
#     Rscript splm.R PANEL.csv LINKS.csv RUNS
#
# PANEL has city, year, outcome, the drivers and their lags; LINKS has row, column (from
# 1, cities in the panel's order) and weight. Prints seconds and rho on one line.

arguments <- commandArgs(trailingOnly = TRUE)
if (!requireNamespace("splm", quietly = TRUE)) stop("splm is not installed")

panel <- read.csv(arguments[1], colClasses = c(city = "character"))
links <- read.csv(arguments[2])
dense <- matrix(0, max(links$row), max(links$row))
dense[cbind(links$row, links$column)] <- links$weight
weights <- spdep::mat2listw(dense, style = "W")
terms <- setdiff(names(panel), c("city", "year", "outcome"))
formula <- reformulate(terms, response = "outcome")

seconds <- Inf
for (run in seq_len(as.integer(arguments[3]))) {
  taken <- system.time(
    fit <- splm::spml(
      formula, data = panel, index = c("city", "year"), listw = weights,
      model = "within", effect = "twoways", lag = TRUE, spatial.error = "none"
    )
  )["elapsed"]
  seconds <- min(seconds, taken)
}
# splm calls rho lambda.
cat(sprintf("%.6f %.6f\n", seconds, fit$coefficients[["lambda"]]))
