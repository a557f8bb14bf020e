# The corpora: readers' interface and the generated demo corpus. Free of torch; only the file that writes videos needs FFmpeg.
tvr_library(tvr_corpus
  SOURCES corpus.cpp demo_captions.cpp demo_corpus.cpp demo_draw.cpp demo_scene.cpp demo_sound.cpp demo_stills.cpp
          $<$<BOOL:${TVR_WITH_VIDEO}>:${CMAKE_CURRENT_LIST_DIR}/demo_write.cpp>
  LINKS tvr_base tvr_config
  PRIVATE_LINKS $<$<BOOL:${TVR_WITH_VIDEO}>:tvr_video>)
