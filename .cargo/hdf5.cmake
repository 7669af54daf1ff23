# Settings of the HDF5 library that is built with icefold, beside those of the crate that builds it.
#
# The library would look for plug-ins in the folder in which it was built, and name that folder in every
# binary. The place that remains is the one of HDF5's own installer.
set(H5_DEFAULT_PLUGINDIR "/usr/local/hdf5/lib/plugin")
set(HDF5_ENABLE_EMBEDDED_LIBINFO OFF CACHE BOOL "" FORCE)
