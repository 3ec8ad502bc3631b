using Tare.Errors;

namespace Tare.Store.Tests;

public sealed class DatabaseTests : IDisposable
{
    private static readonly SchemaOwner Things = new("things", ["CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, data BLOB) STRICT"]);

    private readonly string _directory = Directory.CreateTempSubdirectory("tare-store-").FullName;

    private string File => Path.Combine(_directory, "tare.db");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("plain")]
    [InlineData("Grüße 🐳 \u0001")]
    public void Text_is_kept(string text)
    {
        using var database = Database.Open(File, Things);
        database.Write(session => session.Execute("INSERT INTO thing (name) VALUES (?)", text));
        Assert.Equal(text, database.Read(session => session.QueryFirst("SELECT name FROM thing", row => row.GetString(0))));
    }

    [Fact]
    public void Numbers_bytes_and_nulls_are_kept()
    {
        using var database = Database.Open(File, Things);
        byte[] data = [0, 1, 255, 0];
        database.Write(session =>
        {
            session.Execute("INSERT INTO thing (id, name, data) VALUES (?, ?, ?)", long.MaxValue, SqlValue.Null, data);
            session.Execute("INSERT INTO thing (id, name, data) VALUES (?, ?, ?)", long.MinValue, "x", Array.Empty<byte>());
        });
        var rows = database.Read(session => session.Query(
            "SELECT id, name, data FROM thing ORDER BY id DESC", row => (row.GetInt64(0), row.GetStringOrNull(1), row.GetBytes(2), row.IsNull(2))));
        Assert.Equal((long.MaxValue, null), (rows[0].Item1, rows[0].Item2));
        Assert.Equal(data, rows[0].Item3);
        Assert.Equal((long.MinValue, "x", false), (rows[1].Item1, rows[1].Item2, rows[1].Item4));
    }

    [Fact]
    public void A_body_that_throws_changes_nothing()
    {
        using var database = Database.Open(File, Things);
        Assert.Throws<InvalidOperationException>(() => database.Write(session =>
        {
            session.Execute("INSERT INTO thing (name) VALUES ('a')");
            throw new InvalidOperationException();
        }));
        Assert.Equal(0, Count(database));
        database.Write(session => session.Execute("INSERT INTO thing (name) VALUES ('b')"));
        Assert.Equal(1, Count(database));
    }

    [Fact]
    public void A_row_reader_may_ask_the_same_question()
    {
        using var database = Database.Open(File, Things);
        database.Write(session => session.Execute("INSERT INTO thing (id) VALUES (1), (2), (3)"));
        const string sql = "SELECT id FROM thing WHERE id > ? ORDER BY id";
        var pairs = database.Read(session => session.Query(
            sql, row => (row.GetInt64(0), session.Query(sql, inner => inner.GetInt64(0), row.GetInt64(0)).Count), 0L));
        Assert.Equal([(1, 2), (2, 1), (3, 0)], pairs);
    }

    [Fact]
    public void A_session_ends_with_its_body()
    {
        using var database = Database.Open(File, Things);
        ReadSession? kept = null;
        database.Read(session =>
        {
            kept = session;
            return 0;
        });
        Assert.Throws<ObjectDisposedException>(() => kept!.Query("SELECT 1", row => row.GetInt64(0)));
        Assert.Throws<InvalidOperationException>(() => database.Write(_ => database.Write(_ => { })));
    }

    [Fact]
    public void Readers_see_the_last_commit_and_do_not_wait_for_a_writer()
    {
        using var database = Database.Open(File, Things);
        database.Write(session =>
        {
            session.Execute("INSERT INTO thing (name) VALUES ('a')");
            Assert.Equal(0, Task.Run(() => Count(database)).GetAwaiter().GetResult());
        });
        Assert.Equal(1, Count(database));
    }

    [Fact]
    public void Many_threads_write_without_loss()
    {
        using var database = Database.Open(File, Things);
        Parallel.For(0, 8, _ =>
        {
            for (var i = 0; i < 50; i++)
            {
                database.Write(session => session.Execute("INSERT INTO thing (name) VALUES ('x')"));
                Count(database);
            }
        });
        Assert.Equal(400, Count(database));
    }

    [Fact]
    public void Migrations_run_once_each_and_failures_undo_all()
    {
        Database.Open(File, Things).Dispose();
        var more = Things with { Migrations = [.. Things.Migrations, "ALTER TABLE thing ADD COLUMN more TEXT", "nonsense"] };
        Assert.Throws<StoreException>(() => Database.Open(File, more));
        var good = Things with { Migrations = [.. Things.Migrations, "ALTER TABLE thing ADD COLUMN more TEXT"] };
        Database.Open(File, good, new SchemaOwner("others", ["CREATE TABLE other (x INTEGER) STRICT"])).Dispose();
        using (var database = Database.Open(File, good))
            Assert.Null(database.Read(session => session.QueryFirst("SELECT more FROM thing", row => row.GetStringOrNull(0))));
        var error = Assert.Throws<StoreException>(() => Database.Open(File, Things));
        Assert.Contains("newer version of tare", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_of_others_are_refused()
    {
        System.IO.File.WriteAllText(File, "this is no database, but it is long enough to be taken for one by a careless reader: " + new string('x', 4096));
        Assert.Throws<StoreException>(() => Database.Open(File, Things));
    }

    [Fact]
    public void Errors_name_the_file_and_the_cause()
    {
        using var database = Database.Open(File, Things);
        var error = Assert.Throws<StoreException>(() => database.Write(session => session.Execute("INSERT INTO absent VALUES (1)")));
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.Contains("no such table: absent", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Internal, error.Kind);
    }

    // What a killed process leaves is what is in the files at that moment: a copy of them, taken in the middle of a transaction.
    [Fact]
    public void After_a_kill_the_committed_is_there_and_the_uncommitted_is_gone()
    {
        var copy = Directory.CreateDirectory(Path.Combine(_directory, "copy")).FullName;
        using (var database = Database.Open(File, Things))
        {
            database.Write(session => session.Execute("INSERT INTO thing (name) VALUES ('committed')"));
            database.Write(session =>
            {
                // Enough that SQLite spills pages of the open transaction to its journal.
                for (var i = 0; i < 2_000; i++) session.Execute("INSERT INTO thing (name, data) VALUES ('uncommitted', ?)", new byte[4096]);
                foreach (var file in Directory.GetFiles(_directory)) System.IO.File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            });
        }

        Assert.True(new FileInfo(Path.Combine(copy, "tare.db-wal")).Length > 1_000_000);
        using var after = Database.Open(Path.Combine(copy, "tare.db"), Things);
        Assert.Equal(["committed"], after.Read(session => session.Query("SELECT name FROM thing", row => row.GetString(0))));
    }

    private static long Count(Database database) =>
        database.Read(session => session.QueryFirst("SELECT count(*) FROM thing", row => row.GetInt64(0)));
}
