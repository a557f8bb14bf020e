# The corpora: readers' interface and the generated demo corpus. Free of torch; only the file that writes videos needs FFmpeg.
tvr_library(tvr_corpus
  SOURCES annotated_videos.cpp annotation_file.cpp annotation_json.cpp caption_list.cpp caption_tags.cpp corpus.cpp
          csv_table.cpp msrvtt_annotations.cpp split_files.cpp
          data_check.cpp data_check_captions.cpp data_check_json.cpp
          data_check_text.cpp data_check_videos.cpp demo_captions.cpp demo_corpus.cpp demo_draw.cpp demo_scene.cpp
          demo_sound.cpp demo_stills.cpp frame_pack.cpp frame_pack_format.cpp frame_pack_make.cpp frame_sampling.cpp
          frame_transform.cpp probe_cache.cpp video_folder.cpp video_survey.cpp
          $<$<BOOL:${TVR_WITH_VIDEO}>:${CMAKE_CURRENT_LIST_DIR}/demo_write.cpp>
          $<$<BOOL:${TVR_WITH_VIDEO}>:${CMAKE_CURRENT_LIST_DIR}/video_frames.cpp>
  LINKS tvr_base tvr_config tvr_ops
  PRIVATE_LINKS $<$<BOOL:${TVR_WITH_VIDEO}>:tvr_video>)
