"""What a source said or showed of images after they came in: rejected, or gone."""
