using System.Text.RegularExpressions;
using Tare.Engine.Common;
using Tare.Engine.Containers;
using Tare.Engine.Events;
using Tare.Engine.Top;
using Tare.Engine.Views;
using Tare.Errors;
using Tare.Wire;

namespace Tare.Engine.Tests;

public sealed class ViewTests
{
    [Theory]
    [InlineData(0.4, "Less than a second")]
    [InlineData(1.9, "1 second")]
    [InlineData(59, "59 seconds")]
    [InlineData(60, "About a minute")]
    [InlineData(3599, "59 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(47 * 3600, "47 hours")]
    [InlineData(48 * 3600, "2 days")]
    [InlineData(14 * 86400, "2 weeks")]
    [InlineData(60 * 86400, "2 months")]
    [InlineData(730 * 86400, "2 years")]
    public void Durations_have_dockers_words(double seconds, string words) => Assert.Equal(words, HumanDuration.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void States_have_dockers_words()
    {
        var now = DateTimeOffset.UtcNow;
        var running = new LifeState { Phase = Phase.Running, StartedAt = now.AddSeconds(-2) };
        Assert.Equal("Created", ListView.StatusOf(new LifeState(), now));
        Assert.Equal("Up 2 seconds", ListView.StatusOf(running, now));
        Assert.Equal("Up 2 seconds (Paused)", ListView.StatusOf(running with { Phase = Phase.Paused }, now));
        Assert.Equal("Exited (3) 5 minutes ago", ListView.StatusOf(running with { Phase = Phase.Exited, ExitCode = 3, FinishedAt = now.AddMinutes(-5) }, now));
        Assert.Equal("Restarting (1) Less than a second ago", ListView.StatusOf(running with { Phase = Phase.Restarting, ExitCode = 1, FinishedAt = now }, now));
    }

    [Fact]
    public async Task The_list_is_filtered_as_dockers()
    {
        await using var harness = await Harness.OpenAsync();
        var old = await harness.CreateAsync("old", r => r.Labels = new Dictionary<string, string> { ["tier"] = "db" });
        var run = await harness.RunAsync("run");
        var paused = await harness.RunAsync("paused");
        await harness.Containers.PauseAsync("paused", CancellationToken.None);
        var exited = await harness.RunAsync("exited");
        await harness.Containers.KillAsync(exited, "TERM", CancellationToken.None);
        await LifecycleTests.Until(() => !harness.Get(exited).State.IsRunning);

        async Task<string> Names(bool all = false, int limit = 0, params (string Key, string Value)[] filters)
        {
            var json = "{" + string.Join(',', filters.Select(f => $"\"{f.Key}\":[\"{f.Value}\"]")) + "}";
            var rows = await harness.Containers.ListAsync(new ContainerListOptions { All = all, Limit = limit, Filters = Filters.Parse(json) }, CancellationToken.None);
            return string.Join(' ', rows.Select(row => row.Names[0][1..]));
        }

        Assert.Equal("paused run", await Names());
        Assert.Equal("exited paused run old", await Names(all: true));
        Assert.Equal("exited paused", await Names(limit: 2));
        Assert.Equal("exited", await Names(filters: ("status", "exited")));
        Assert.Equal("old", await Names(all: true, filters: ("label", "tier=db")));
        Assert.Equal("exited", await Names(all: true, filters: ("exited", "143")));
        Assert.Equal("paused", await Names(all: true, filters: ("name", "^/paused$")));
        Assert.Equal("run", await Names(all: true, filters: ("id", run[..12])));
        Assert.Equal("run old", await Names(all: true, filters: ("before", "paused")));
        Assert.Equal("exited paused", await Names(all: true, filters: ("since", "run")));
        Assert.Equal("paused run", await Names(filters: ("ancestor", "bb")));
        Assert.Equal("", await Names(filters: ("ancestor", "nosuch")));
        Assert.Equal("paused run", await Names(filters: ("network", "none")));
        await Assert.ThrowsAsync<TareException>(() => Names(filters: ("foo", "bar")));
        await Assert.ThrowsAsync<TareException>(() => Names(filters: ("status", "bar")));
        foreach (var (port, why) in ((string, string)[])[("foo", "strconv.ParseUint: parsing \"foo\": invalid syntax"), ("99999", "strconv.ParseUint: parsing \"99999\": value out of range"), ("80-70", "Invalid range specified for the Port: 80-70")])
        {
            var error = await Assert.ThrowsAsync<TareException>(() => Names(filters: ("publish", port)));
            Assert.Equal($"error while looking up for publish {port}: {why}", error.Message);
        }
        Assert.NotEqual(old, paused);
    }

    [Fact]
    public async Task Events_are_kept_filtered_and_followed()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.CreateAsync("one");
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var past = harness.Core.Events.Subscribe("0.000000001", null, Filters.Of("container", "one"), stop.Token).GetAsyncEnumerator(stop.Token);
        await using (past)
        {
            Assert.True(await past.MoveNextAsync());
            Assert.Equal("create", past.Current.Action);
            var next = past.MoveNextAsync();
            await harness.CreateAsync("two");
            await harness.Containers.StartAsync("one", CancellationToken.None);
            Assert.True(await next);
            Assert.Equal(("start", "one"), (past.Current.Action, past.Current.Actor.Attributes!["name"]));
        }
        Assert.Equal(0, harness.Core.EventLog.Subscribers);
    }

    [Fact]
    public async Task Events_end_when_until_has_passed()
    {
        await using var harness = await Harness.OpenAsync();
        await harness.CreateAsync("one");
        var until = DateTimeOffset.UtcNow.AddMilliseconds(200);
        var seen = new List<string>();
        await foreach (var message in harness.Core.Events.Subscribe("0.1", $"{until.ToUnixTimeSeconds()}.{until.Millisecond:000}", Filters.None, CancellationToken.None)) seen.Add(message.Action);
        Assert.Equal(["create"], seen);
    }

    [Fact]
    public void A_reader_that_falls_behind_is_cut_off_and_never_sees_a_hole()
    {
        var log = new EventLog(TimeProvider.System);
        using var subscription = log.Subscribe(null, null, new EventFilter(Filters.None));
        for (var i = 0; i < 20_000; i++) log.Publish("container", "start", "x", []);
        var read = 0;
        long last = 0;
        while (subscription.Channel.Reader.TryRead(out var message))
        {
            read++;
            Assert.True(message.TimeNano > last);
            last = message.TimeNano;
        }
        Assert.True(read < 20_000);
        Assert.IsType<InvalidOperationException>(subscription.Channel.Reader.Completion.Exception!.InnerException);
        Assert.Equal(0, log.Subscribers);
    }

    [Fact]
    public async Task Top_reads_the_processes_as_ps_does()
    {
        await using var harness = await Harness.OpenAsync();
        var id = await harness.RunAsync();
        harness.Sandbox.Cgroups[id].Pids.Add(Environment.ProcessId);
        var top = await harness.Containers.TopAsync(id, null, CancellationToken.None);
        Assert.Equal(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], top.Titles);
        var row = Assert.Single(top.Processes);
        Assert.Equal(("root", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)), (row[0], row[1]));
        Assert.Matches(new Regex(@"^\d\d:\d\d:\d\d$"), row[6]);
        top = await harness.Containers.TopAsync(id, "-o pid,comm", CancellationToken.None);
        Assert.Equal(["PID", "COMMAND"], top.Titles);
        Assert.Equal("Couldn't find PID field in ps output", (await Assert.ThrowsAsync<TareException>(() => harness.Containers.TopAsync(id, "-eo comm", CancellationToken.None))).Message);
        Assert.Equal(ErrorKind.InvalidArgument, (await Assert.ThrowsAsync<TareException>(() => harness.Containers.TopAsync(id, "-Z", CancellationToken.None))).Kind);
        Assert.Equal(["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"], PsFormat.Parse("aux").Columns.Select(column => column.Title));
    }

    [Theory]
    [InlineData("1136073845", "2006-01-01T00:04:05Z")]
    [InlineData("1136073845.5", "2006-01-01T00:04:05.5Z")]
    [InlineData("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z")]
    [InlineData("2006-01-02T15:04:05.123456789+01:00", "2006-01-02T14:04:05.1234567Z")]
    public void Times_are_read_in_each_form(string text, string expected) =>
        Assert.Equal(expected, GoTime.Format(Timestamps.Parse(text, TimeProvider.System)!.Value));

    [Fact]
    public void No_time_and_bad_times()
    {
        Assert.Null(Timestamps.Parse("", TimeProvider.System));
        Assert.Null(Timestamps.Parse("0", TimeProvider.System));
        Assert.Throws<TareException>(() => Timestamps.Parse("yesterday", TimeProvider.System));
        Assert.InRange((DateTimeOffset.UtcNow - Timestamps.Parse("1h30m", TimeProvider.System)!.Value).TotalMinutes, 89.9, 90.1);
    }
}
