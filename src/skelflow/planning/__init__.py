"""What preparing and training a data set will cost, from a short probe of both."""
