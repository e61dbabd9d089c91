# Script: SOURCE (scdoc), with @OPTIONS@ replaced by what TOOL --emit-man-options prints, becomes PRODUCT (roff).
file(READ "${SOURCE}" text)
if(DEFINED TOOL)
  execute_process(COMMAND "${TOOL}" --emit-man-options OUTPUT_VARIABLE options RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${TOOL} --emit-man-options: ${status}")
  endif()
  string(REPLACE "@OPTIONS@\n" "${options}" text "${text}")
endif()
file(WRITE "${PRODUCT}.scd" "${text}")
# The epoch makes the page's date part of the source, not of the build.
execute_process(COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=1767225600 "${SCDOC}"
                INPUT_FILE "${PRODUCT}.scd" OUTPUT_FILE "${PRODUCT}.part" RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "scdoc ${SOURCE}: ${status}")
endif()
file(RENAME "${PRODUCT}.part" "${PRODUCT}")
