"""Where functions run: this process, local processes, Dask; knows no images."""
