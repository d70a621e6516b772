import typer

app = typer.Typer()


@app.command()
def main() -> None: ...


app()
