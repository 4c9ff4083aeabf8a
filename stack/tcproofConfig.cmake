include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(tl-expected)
include("${CMAKE_CURRENT_LIST_DIR}/tcproofTargets.cmake")
