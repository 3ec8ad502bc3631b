using System.Text.Json;
using Tare.Cli.Commands;
using Tare.Cli.Formatting;
using Tare.Wire;

namespace Tare.Cli.Tests;

/// <summary>Progress byte by byte as docker 28.5 shows the same messages, on terminals of several widths and elsewhere.</summary>
public sealed class ProgressDisplayTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(2_000_000_000);

    private static readonly ProgressMessage[] Pull =
    [
        new() { Status = "Pulling from x/y", Id = "v1" },
        Layer("aaa", "Pulling fs layer"),
        Layer("bbb", "Pulling fs layer"),
        Layer("bbb", "Waiting"),
        Layer("aaa", "Downloading", 12_300, 45_600_000),
        Layer("bbb", "Downloading", 58, 100),
        Layer("aaa", "Download complete"),
        Layer("aaa", "Pull complete"),
        new() { Status = "Digest: sha256:00" },
        new() { Status = "Status: Downloaded newer image for x/y:v1" },
    ];

    [Fact]
    public void On_a_narrow_terminal()
        => Assert.Equal(
            "v1: Pulling from x/y\r\n"
            + "\r\n\e[1A\e[2K\raaa: Pulling fs layer \r\e[1B"
            + "\r\n\e[1A\e[2K\rbbb: Pulling fs layer \r\e[1B"
            + "\e[1A\e[2K\rbbb: Waiting \r\e[1B"
            + "\e[2A\e[2K\raaa: Downloading   12.3kB/45.6MB\r\e[2B"
            + "\e[1A\e[2K\rbbb: Downloading      58B/100B\r\e[1B"
            + "\e[2A\e[2K\raaa: Download complete \r\e[2B"
            + "\e[2A\e[2K\raaa: Pull complete \r\e[2B"
            + "Digest: sha256:00\r\nStatus: Downloaded newer image for x/y:v1\r\n",
            OnTerminal(80, Pull));

    [Theory]
    [InlineData(110, "aaa: Downloading   12.3kB/45.6MB")]
    [InlineData(111, "aaa: Downloading [>                                                  ]   12.3kB/45.6MB")]
    [InlineData(300, "bbb: Downloading [============================>                      ]      58B/100B")]
    [InlineData(0, "aaa: Downloading   12.3kB/45.6MB")]
    public void A_wide_terminal_has_a_bar(int columns, string line) => Assert.Contains($"\e[2K\r{line}\r", OnTerminal(columns, Pull), StringComparison.Ordinal);

    [Fact]
    public void Elsewhere_only_what_is_finished_is_written()
        => Assert.Equal(
            "v1: Pulling from x/y\naaa: Pulling fs layer\nbbb: Pulling fs layer\nbbb: Waiting\naaa: Download complete\naaa: Pull complete\nDigest: sha256:00\nStatus: Downloaded newer image for x/y:v1\n",
            InFile(Pull));

    [Fact]
    public void After_other_output_lines_are_begun_anew()
        => Assert.Equal(
            "\r\n\e[1A\e[2K\raaa: Waiting \r\e[1BDigest: x\r\n\r\n\e[1A\e[2K\raaa: Waiting \r\e[1B",
            OnTerminal(80, [Layer("aaa", "Waiting"), new() { Status = "Digest: x" }, Layer("aaa", "Waiting")]));

    [Fact]
    public void Bars_of_old_engines_and_texts_are_shown_as_they_are()
        => Assert.Equal(
            "\r\n\e[1Addd: old [===>]\e[1Bsome text\r\n",
            OnTerminal(80, [new() { Id = "ddd", Status = "old", Progress = "[===>]" }, new() { Stream = "some text\n" }]));

    [Theory]
    [InlineData(5, "      5B/1kB 5h31m40s")]
    [InlineData(999, "    999B/1kB 0s")]
    [InlineData(1000, "     1kB/1kB")]
    public void The_rest_of_the_time_is_estimated(long current, string expected)
    {
        var message = new ProgressMessage { Id = "a", Status = "T", ProgressDetail = new ProgressDetail { Current = current, Total = 1000, Start = Now.ToUnixTimeSeconds() - 100 } };
        Assert.Contains($"a: T {expected}\r", OnTerminal(80, [message]), StringComparison.Ordinal);
        Assert.DoesNotContain("5h31m40s", OnTerminal(50, [message]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("detail", null, "detail")]
    [InlineData(null, "plain", "plain")]
    public void An_error_ends_it_after_what_was_said(string? detail, string? plain, string expected)
    {
        using var file = TerminalPair.OfFile();
        var display = new ProgressDisplay(file.Output);
        display.Show(new ProgressMessage { Status = "one" });
        var error = Assert.Throws<CommandException>(() => display.Show(new ProgressMessage { ErrorDetail = detail is null ? null : new ErrorDetail { Message = detail }, Error = plain }));
        Assert.Equal((expected, 1), (error.Message, error.ExitCode));
        Assert.Equal("one\n", file.Read());
    }

    [Fact]
    public void Quiet_shows_nothing_but_fails_all_the_same()
    {
        using var file = TerminalPair.OfFile();
        var display = new ProgressDisplay(file.Output) { Quiet = true };
        foreach (var message in Pull) display.Show(message);
        Assert.Throws<CommandException>(() => display.Show(new ProgressMessage { Error = "no" }));
        Assert.Equal("", file.Read());
    }

    [Fact]
    public void What_is_for_programs_is_not_shown()
    {
        using var file = TerminalPair.OfFile();
        var seen = new List<string>();
        using var document = JsonDocument.Parse("""{"Tag":"v1"}""");
        var display = new ProgressDisplay(file.Output) { Aux = aux => seen.Add(aux.GetProperty("Tag").GetString()!) };
        display.Show(new ProgressMessage { Aux = document.RootElement, ProgressDetail = new ProgressDetail() });
        Assert.Equal("", file.Read());
        Assert.Equal(["v1"], seen);
    }

    [Fact]
    public void Notes_stand_below_each_other()
    {
        using var file = TerminalPair.OfFile();
        Note.Information(file.Output, "one\ntwo --platform");
        Assert.Equal("\n Info -> one\n         two --platform\n", file.Read());
        using var terminal = TerminalPair.OfColumns(80);
        Note.Warning(terminal.Output, "one\ntwo --platform");
        Assert.Equal(
            "\r\n\e[1m\e[103m\e[30mw\e[0m\e[0m \e[93mWarn → \e[0m\e[0m\e[3mone\e[0m\r\n         \e[3mtwo \e[1m--platform\e[0m\e[0m\r\n", terminal.Read());
    }

    private static ProgressMessage Layer(string id, string status, long current = 0, long total = 0)
        => new() { Id = id, Status = status, ProgressDetail = new ProgressDetail { Current = current, Total = total } };

    private static string OnTerminal(int columns, IEnumerable<ProgressMessage> messages)
    {
        using var terminal = TerminalPair.OfColumns(columns);
        return Show(terminal, messages);
    }

    private static string InFile(IEnumerable<ProgressMessage> messages)
    {
        using var file = TerminalPair.OfFile();
        return Show(file, messages);
    }

    private static string Show(TerminalPair pair, IEnumerable<ProgressMessage> messages)
    {
        var display = new ProgressDisplay(pair.Output) { Clock = new Standing() };
        foreach (var message in messages) display.Show(message);
        return pair.Read();
    }

    private sealed class Standing : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
