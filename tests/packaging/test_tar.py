"""Tar archives that are read without reading them: the bytes are those of Python's own tarfile, the offsets true."""

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from rushes.packaging.tar import Tar

names = st.text(
    st.characters(min_codepoint=33, exclude_categories=("Cs",), exclude_characters="/"), min_size=1, max_size=120
)
members = st.lists(st.tuples(names, st.binary(max_size=1500)), max_size=4)


def by_tarfile(files):
    out = io.BytesIO()
    for name, data in files:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        out.write(info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512))
    return out.getvalue() + bytes(1024)


@given(members)
def test_an_archive_is_what_tarfile_writes_and_each_member_lies_where_it_was_said(files):
    tar = Tar()
    offsets = [tar.add(name, data) for name, data in files]
    assert tar.count == len(files)
    whole = tar.close()
    assert whole == by_tarfile(files)
    assert [whole[at : at + len(data)] for at, (_, data) in zip(offsets, files, strict=True)] == [d for _, d in files]


def test_names_of_a_hundred_letters_and_more_are_read_back_by_tarfile():
    files = [("x" * length, b"%d" % length) for length in (99, 100, 101, 300)]
    tar = Tar()
    for name, data in files:
        tar.add(name, data)
    with tarfile.open(fileobj=io.BytesIO(tar.close())) as archive:
        assert [(member.name, archive.extractfile(member).read()) for member in archive] == files
