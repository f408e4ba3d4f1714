# SPDX-License-Identifier: Apache-2.0
"""Reads the event files of TensorBoardTests.swift with TensorBoard itself and checks every value.

    pip install tensorboard==2.21.0
    python read_events.py FOLDER     reads what "TensorBoard reads an interrupted and resumed run" wrote
    python read_events.py --bytes    prints the expected bytes in "the file is what TensorBoard writes"

Three readers are asked, because they decode on separate paths: the accumulator of stored values, the one
that converts old values to new ones for the Python server, and the compiled data server that
`tensorboard --logdir` starts.
"""

import math
import sys

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.context import RequestContext
from tensorboard.data import provider as data_provider
from tensorboard.data import server_ingester
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import grpc_util, tensor_util

STEPS = 200  # the first writer stops after step 149, the second goes on at 100
TEXT = "**prompt** Grüße, 東京 🙂\n\n    two  spaces\n"


def loss(step):
    """What both writers give as train/loss, in 64 bits."""
    return 1 / (1 + step)


def check(what, found, wanted):
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def check_close(what, found, wanted):
    if not math.isclose(found, wanted, rel_tol=1e-6, abs_tol=1e-12):
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def check_buckets(what, buckets):
    """Of 0, 1, ..., 999: 64 intervals of width 999 / 64, as (left, right, count)."""
    check(f"{what}, intervals", len(buckets), 64)
    check(f"{what}, numbers", sum(count for _, _, count in buckets), 1000)
    for index, (left, right, count) in enumerate(buckets):
        check_close(f"{what}, left {index}", left, 999 / 64 * index)
        check_close(f"{what}, right {index}", right, 999 / 64 * (index + 1))
        last = index == 63
        inside = sum(left <= value < right or (last and value == right) for value in range(1000))
        check(f"{what}, count {index}", count, inside)


def stored_values(folder):
    events = event_accumulator.EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0, "histograms": 0})
    events.Reload()
    check("version", events.file_version, 2.0)
    scalars = events.Scalars("train/loss")
    check("steps", [scalar.step for scalar in scalars], list(range(STEPS)))
    for scalar in scalars:
        check_close(f"train/loss, step {scalar.step}", scalar.value, loss(scalar.step))
        check("time", scalar.wall_time, 1_700_000_000.25 + scalar.step)
    broken = [scalar.value for scalar in events.Scalars("train/broken")]
    check("infinities", broken[1:], [math.inf, -math.inf])
    check("NaN", math.isnan(broken[0]), True)

    (text,) = events.Tensors("completions")
    check("text", tensor_util.make_ndarray(text.tensor_proto).item().decode(), TEXT)
    check("text plugin", events.SummaryMetadata("completions").plugin_data.plugin_name, "text")

    (histogram,) = events.Histograms("train/rewards")
    value = histogram.histogram_value
    check("min, max, num", (value.min, value.max, value.num), (0, 999, 1000))
    check("sums", (value.sum, value.sum_squares), (499500, 332833500))
    check_buckets("stored", list(zip([0] + value.bucket_limit[:-1], value.bucket_limit, value.bucket)))
    (constant,) = events.Histograms("train/constant")
    check("constant", (constant.histogram_value.bucket_limit, constant.histogram_value.bucket), ([2.5], [3]))
    (empty,) = events.Histograms("train/nothing")
    check("empty", (empty.histogram_value.num, empty.histogram_value.bucket), (0, []))


def converted_values(folder):
    events = plugin_event_accumulator.EventAccumulator(folder, tensor_size_guidance={"scalars": 0})
    events.Reload()
    scalars = events.Tensors("train/loss")
    check("converted steps", [scalar.step for scalar in scalars], list(range(STEPS)))
    for scalar in scalars:
        check_close("converted", tensor_util.make_ndarray(scalar.tensor_proto).item(), loss(scalar.step))
    (text,) = events.Tensors("completions")
    check("converted text", tensor_util.make_ndarray(text.tensor_proto).item().decode(), TEXT)
    (histogram,) = events.Tensors("train/rewards")
    check_buckets("converted", tensor_util.make_ndarray(histogram.tensor_proto).tolist())
    (constant,) = events.Tensors("train/constant")
    check("converted constant", tensor_util.make_ndarray(constant.tensor_proto).tolist(), [[2.5, 2.5, 3]])
    (empty,) = events.Tensors("train/nothing")
    check("converted empty", tensor_util.make_ndarray(empty.tensor_proto).shape, (0, 3))


def served_values(folder):
    ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(), logdir=folder, reload_interval=-1,
        channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
        samples_per_plugin={"scalars": 0, "text": 0})
    ingester.start()
    served = ingester.data_provider
    context = RequestContext()
    many = 10_000

    def only_run(series, tag):
        check(f"served runs of {tag}", list(series), ["."])
        return series["."][tag]

    tags = data_provider.RunTagFilter(tags=["train/loss"])
    points = only_run(served.read_scalars(
        context, experiment_id="", plugin_name="scalars", downsample=many, run_tag_filter=tags), "train/loss")
    check("served steps", [point.step for point in points], list(range(STEPS)))
    for point in points:
        check_close("served", point.value, loss(point.step))
    tags = data_provider.RunTagFilter(tags=["completions"])
    (text,) = only_run(served.read_tensors(
        context, experiment_id="", plugin_name="text", downsample=many, run_tag_filter=tags), "completions")
    check("served text", text.numpy.item().decode(), TEXT)
    tags = data_provider.RunTagFilter(tags=["train/rewards"])
    (histogram,) = only_run(served.read_tensors(
        context, experiment_id="", plugin_name="histograms", downsample=many, run_tag_filter=tags), "train/rewards")
    check_buckets("served", histogram.numpy.tolist())


def print_bytes():
    """One file of five records, made with TensorBoard's own messages and record writer."""

    class Sink:
        data = b""

        def write(self, data):
            self.data += data

    value = summary_pb2.Summary.Value
    metadata = summary_pb2.SummaryMetadata(plugin_data={"plugin_name": "text"})
    text = tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=["Grüße".encode()])
    constant = summary_pb2.HistogramProto(
        min=2.5, max=2.5, num=3, sum=7.5, sum_squares=18.75, bucket_limit=[2.5], bucket=[3])
    for step, content in [
        (0, {"file_version": "brain.Event:2"}),
        (0, {"session_log": {"status": event_pb2.SessionLog.START}}),
        (1, {"summary": {"value": [value(tag="train/loss", simple_value=0.693)]}}),
        (2, {"summary": {"value": [value(tag="completions", metadata=metadata, tensor=text)]}}),
        (3, {"summary": {"value": [value(tag="train/rewards", histo=constant)]}}),
    ]:
        event = event_pb2.Event(wall_time=1_700_000_000.25, step=step, **content)
        sink = Sink()
        RecordWriter(sink).write(event.SerializeToString(deterministic=True))
        print(sink.data.hex())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--bytes":
        print_bytes()
    else:
        stored_values(sys.argv[1])
        converted_values(sys.argv[1])
        served_values(sys.argv[1])
        print("all values as written")
