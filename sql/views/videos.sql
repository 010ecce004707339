-- videos: one row is a video. Written by raw_videos.
-- Made from rushes/store/schemas.py by 'make docs'.
CREATE OR REPLACE VIEW videos AS
SELECT
    video_id,  -- the video's name, unique in the store
    collection,  -- where its batch came from
    source_uri,  -- the path or URI it was registered under
    media_uri,  -- where its bytes are: an object of the store, or the source itself
    linked,  -- true when the bytes were left where they are
    creds_key,  -- name of the credentials that a linked source needs
    sha256,  -- hash of the file's bytes; null for a link that was not read whole
    size_bytes,  -- size of the file
    etag,  -- what the server calls this content of a linked source
    container,  -- container format
    codec,  -- video codec
    width,  -- width as shown, after rotation, pixels
    height,  -- height as shown, after rotation, pixels
    rotation,  -- degrees counter-clockwise by which frames are turned to be upright
    time_base,  -- seconds per pts tick, as a fraction
    start_pts,  -- pts of frame 0
    duration_s,  -- from the first frame's start to the last frame's end, seconds
    fps,  -- mean frames per second
    is_vfr,  -- true when frames are not evenly spaced
    n_frames,  -- number of frames
    has_audio,  -- true when there is an audio stream
    recorded_at,  -- when it was recorded, UTC; null where the file does not say
    kind,  -- container or frames
    read_by,  -- frames are read by their packets, through the container, or by decoding from the start
    read_note,  -- why not by packets, and what is amiss with the file
    pixel_format,  -- FFmpeg's name of the coded pixels' format
    colorspace,  -- matrix coefficients as in ITU-T H.273; 2: not said
    color_range,  -- 1 limited, 2 full, 0 not said
    codec_tag,  -- the container's own code of the codec
    bits_per_sample,  -- bits per sample, for codecs that leave it to the container
    reorder_depth,  -- how many frames may wait for others to be shown before them
    extradata,  -- what the decoder is told before the first packet
    batch
FROM stored.videos;
